-- migrate:up
-- What the sealer makes of the log. Only its own login may write here; the application reads.

-- Hash tiles, a working copy: the last of each level grows, and all can be made again from the leaves.
CREATE TABLE tiles (
  level  int NOT NULL,
  number bigint NOT NULL,
  hashes bytea NOT NULL,
  PRIMARY KEY (level, number)
);
ALTER TABLE tiles ALTER COLUMN hashes SET STORAGE EXTERNAL; -- hashes do not compress

-- Checkpoints as they were signed. A checkpoint of size n covers positions 1 to n.
CREATE TABLE sealings (
  size bigint PRIMARY KEY,
  note bytea NOT NULL,
  at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What witnesses put under them, each once.
CREATE TABLE cosignatures (
  size    bigint NOT NULL REFERENCES sealings,
  witness text NOT NULL,
  line    text NOT NULL,
  at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (size, witness)
);

-- Why the sealer has stopped sealing this log, for the operator; the latest counts until a later checkpoint is signed.
CREATE TABLE halts (
  number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  size     bigint NOT NULL,
  reason   text NOT NULL,
  at       timestamptz NOT NULL DEFAULT clock_timestamp()
);

DO $do$
BEGIN
  EXECUTE format('GRANT SELECT ON %1$I.tiles, %1$I.sealings, %1$I.cosignatures, %1$I.halts TO %1$I', current_schema());
  EXECUTE format('GRANT USAGE ON SCHEMA %1$I TO sealer', current_schema());
  EXECUTE format('GRANT SELECT ON %1$I.head, %1$I.events TO sealer', current_schema());
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %1$I.tiles TO sealer', current_schema());
  EXECUTE format('GRANT SELECT, INSERT ON %1$I.sealings, %1$I.cosignatures, %1$I.halts TO sealer', current_schema());
END $do$;

CREATE TRIGGER never BEFORE UPDATE OR DELETE OR TRUNCATE ON sealings FOR EACH STATEMENT EXECUTE FUNCTION never();
CREATE TRIGGER never BEFORE UPDATE OR DELETE OR TRUNCATE ON cosignatures FOR EACH STATEMENT EXECUTE FUNCTION never();

-- migrate:down
DROP TABLE halts;
DROP TABLE cosignatures;
DROP TABLE sealings;
DROP TABLE tiles;
