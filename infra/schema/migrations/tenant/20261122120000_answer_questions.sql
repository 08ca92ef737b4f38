-- migrate:up
-- Read models: all rows of all questions in one table, since they are disposable and made by the same code from the
-- log. `generation` tells the rows that pages read from those that a rebuild is making: changing the number in
-- `checkpoints` swaps them, so that a rebuild needs no right to create, rename or drop anything.

CREATE TABLE checkpoints (
  projection      text PRIMARY KEY,
  version         int NOT NULL,             -- of the fold that made the rows
  generation      int NOT NULL,             -- which rows are read
  position        bigint NOT NULL,          -- every fact up to here is folded in
  moved_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  failed_position bigint,                   -- the fact at which the fold stopped, and why; empty while it goes on
  failure         text
) WITH (fillfactor = 50);

CREATE TABLE projected (
  projection text NOT NULL,
  generation int NOT NULL,
  key        text NOT NULL,
  scope      text NOT NULL,                 -- rows that are read together
  position   bigint NOT NULL,               -- of the fact that changed the row last
  body       json NOT NULL,
  PRIMARY KEY (projection, generation, key)
) WITH (fillfactor = 70);
CREATE INDEX projected_in_a_scope ON projected (projection, generation, scope);
ALTER TABLE projected ALTER COLUMN body SET STORAGE EXTERNAL; -- compressing costs more than it saves here

DO $do$
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %1$I.checkpoints, %1$I.projected TO %1$I', current_schema());
END $do$;

-- migrate:down
DROP TABLE projected;
DROP TABLE checkpoints;
