-- migrate:up
-- Rows of read models that a fact stopped: one that cannot be read or folded, or a row that the table does not take.
-- The row stays as it was before the fact; everything else goes on.

CREATE TABLE stopped_rows (
  projection text NOT NULL,                 -- or 'trail' for a fact that has no marks
  generation int NOT NULL,                  -- of the rows; of the marks their version
  key        text NOT NULL,                 -- of the row; 'season/*' where it may be any row of the season
  position   bigint NOT NULL,               -- of the fact
  reason     text NOT NULL,
  PRIMARY KEY (projection, generation, key)
);

-- A key too long for an index is stored short; the key itself stands here then.
ALTER TABLE projected ADD COLUMN full_key text;

DO $do$
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %1$I.stopped_rows TO %1$I', current_schema());
END $do$;

-- migrate:down
ALTER TABLE projected DROP COLUMN full_key;
DROP TABLE stopped_rows;
