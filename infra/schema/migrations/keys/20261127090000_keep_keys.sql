-- migrate:up
-- The keys of personal data: a row for each subject, the key wrapped by one that is in no database.

CREATE SCHEMA IF NOT EXISTS keys;
DO $$ BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO keyholder', current_database());
END $$;

CREATE TABLE keys.keys (
  tenant       text NOT NULL,
  subject      uuid NOT NULL,
  wrapped      bytea,                                       -- NULL once destroyed
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  destroyed_at timestamptz,
  PRIMARY KEY (tenant, subject),
  CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);  -- a destroyed key leaves its page soon

-- One province at a time, and none where nobody said which.
ALTER TABLE keys.keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_one_province ON keys.keys TO keyholder USING (tenant = current_setting('keys.tenant', true));

-- A key is made, and destroyed; it never becomes another and never comes back.
CREATE FUNCTION keys.only_destroyed() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
  IF OLD.wrapped IS NULL OR NEW.wrapped IS NOT NULL THEN
    RAISE EXCEPTION 'a key is only ever destroyed' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $f$;
CREATE TRIGGER only_destroyed BEFORE UPDATE ON keys.keys FOR EACH ROW EXECUTE FUNCTION keys.only_destroyed();

GRANT USAGE ON SCHEMA keys TO keyholder;
GRANT SELECT, INSERT, UPDATE (wrapped, destroyed_at) ON keys.keys TO keyholder;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'keys are never dropped by a migration'; END $$;
