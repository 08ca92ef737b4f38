-- migrate:up
-- Who opened a piece of evidence, and who was refused what. Not facts: nothing follows from them, and they are kept for
-- two years only. The application adds and reads; what is older it may let go, and nothing else.

CREATE TABLE accesses (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  season   text NOT NULL,                    -- "" where it was about none
  marks    text[] NOT NULL,                  -- by which it is found
  person   text NOT NULL,                    -- the id that facts name as their actor, "" for somebody not enrolled
  office   text NOT NULL,                    -- the position and the unit of the first mandate held
  unit     text NOT NULL,
  act      text NOT NULL,                    -- of the policy, or what was asked of the server
  commune  text NOT NULL,
  object   text NOT NULL CHECK (length(object) <= 300),
  refused  text NOT NULL                     -- the code of the refusal, "" when it was granted
);
CREATE INDEX accesses_by_mark ON accesses USING gin (marks);
CREATE INDEX accesses_by_moment ON accesses (at);

-- Runs with the rights of whoever owns the tables, so that nothing younger can be taken away.
DO $do$
BEGIN
  EXECUTE format($sql$
    CREATE FUNCTION %1$I.forget_accesses() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $f$
      WITH gone AS (DELETE FROM %1$I.accesses WHERE at < now() - interval '2 years' RETURNING 1)
      SELECT count(*) FROM gone
    $f$
  $sql$, current_schema());
  EXECUTE format('REVOKE ALL ON FUNCTION %1$I.forget_accesses() FROM PUBLIC', current_schema());
  EXECUTE format('GRANT EXECUTE ON FUNCTION %1$I.forget_accesses() TO %1$I', current_schema());
  EXECUTE format('GRANT SELECT, INSERT ON %1$I.accesses TO %1$I', current_schema());
END $do$;

-- migrate:down
DROP FUNCTION forget_accesses();
DROP TABLE accesses;
