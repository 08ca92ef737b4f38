-- migrate:up
-- The log of one province. Names are not qualified here: a migration runs inside the province's own schema.
-- The role of the same name may insert and select; nobody may change or remove what is recorded.

CREATE TABLE head (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  position bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO head (position) VALUES (0);

CREATE TABLE events (
  position    bigint PRIMARY KEY CHECK (position > 0),  -- gapless; leaf index + 1
  kind        text NOT NULL,                            -- kind, season and subject name the stream
  season      text NOT NULL DEFAULT '',
  subject     text NOT NULL,
  stream_id   uuid NOT NULL,
  version     int NOT NULL CHECK (version > 0),
  topic       text NOT NULL,
  schema      int NOT NULL CHECK (schema > 0),
  command_id  uuid NOT NULL,
  cause       uuid,
  actor       text NOT NULL,
  unit        text NOT NULL,
  mandate     text NOT NULL,
  at          timestamptz NOT NULL,                     -- when it was decided: the instant in the leaf
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  data        jsonb NOT NULL,
  leaf        bytea NOT NULL CHECK (length(leaf) <= 4096),
  leaf_hash   bytea NOT NULL,
  CONSTRAINT leaf_hashed CHECK (leaf_hash = sha256('\x00'::bytea || leaf)),
  UNIQUE (stream_id, version)
);
CREATE INDEX events_of_a_season ON events (season, position);

CREATE TABLE commands (
  command_id     uuid PRIMARY KEY,
  first_position bigint NOT NULL,
  last_position  bigint NOT NULL,
  body_sha256    bytea NOT NULL,
  at             timestamptz NOT NULL
);

-- Functions run under the application's search_path, so the schema's name is written into them.
DO $do$
BEGIN
  EXECUTE format($sql$
    CREATE FUNCTION %1$I.never() RETURNS trigger LANGUAGE plpgsql AS $f$
    BEGIN
      RAISE EXCEPTION '%% on %%.%% is never allowed: what is recorded stays', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = '42501';
    END $f$
  $sql$, current_schema());

  -- Each row follows the one before it, in the log and in its stream: UNIQUE (stream_id, version) alone would let a
  -- version be skipped, and a stream with a gap never loads again. Scalar subqueries, because a join or EXISTS may
  -- be planned as a scan of the whole log while that is small, and the plan kept.
  EXECUTE format($sql$
    CREATE FUNCTION %1$I.in_order() RETURNS trigger LANGUAGE plpgsql AS $f$
    DECLARE
      broken text;
    BEGIN
      SELECT CASE WHEN fresh.position > 1
                       AND (SELECT before.position FROM %1$I.events before WHERE before.position = fresh.position - 1) IS NULL
                  THEN 'next_position' ELSE 'next_version' END
      INTO broken
      FROM fresh
      WHERE fresh.position > 1
            AND (SELECT before.position FROM %1$I.events before WHERE before.position = fresh.position - 1) IS NULL
         OR position(convert_to('"prev":"' || coalesce(
              (SELECT encode(before.leaf_hash, 'hex') FROM %1$I.events before
               WHERE before.stream_id = fresh.stream_id AND before.version = fresh.version - 1),
              CASE WHEN fresh.version = 1 THEN '' ELSE 'missing' END) || '"', 'UTF8') IN fresh.leaf) = 0
      LIMIT 1;
      IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'a fact that does not follow the one before it, in the log or in its stream'
          USING ERRCODE = CASE broken WHEN 'next_version' THEN '23505' ELSE '23514' END, CONSTRAINT = broken;
      END IF;
      RETURN NULL;
    END $f$
  $sql$, current_schema());
  EXECUTE format('GRANT USAGE ON SCHEMA %1$I TO %1$I', current_schema());
  EXECUTE format('GRANT SELECT, INSERT ON %1$I.events, %1$I.commands TO %1$I', current_schema());
  EXECUTE format('GRANT SELECT, UPDATE (position) ON %1$I.head TO %1$I', current_schema());
END $do$;

CREATE TRIGGER in_order AFTER INSERT ON events
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION in_order();
CREATE TRIGGER never BEFORE UPDATE OR DELETE OR TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION never();
CREATE TRIGGER never BEFORE UPDATE OR DELETE OR TRUNCATE ON commands FOR EACH STATEMENT EXECUTE FUNCTION never();
CREATE TRIGGER never BEFORE DELETE OR TRUNCATE ON head FOR EACH STATEMENT EXECUTE FUNCTION never();

-- migrate:down
-- There is no way down: a log is never dropped by a migration.
DO $$ BEGIN RAISE EXCEPTION 'a log is never dropped by a migration'; END $$;
