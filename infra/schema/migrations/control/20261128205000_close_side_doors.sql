-- migrate:up
-- What the logins of our processes never need: other databases, temporary tables, large objects. Where this login may
-- not take it away (it owns our database only) the server warns, and `minhchuan check` says what its owner has to run.
DO $do$
DECLARE
  closing text;
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO app, sealer, verifier', current_database());
  FOR closing IN
    SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name::regprocedure)
    FROM unnest(ARRAY['lo_create(oid)', 'lo_creat(integer)', 'lo_from_bytea(oid,bytea)']) name
    UNION ALL
    -- Only where the server is ours alone: on any other, people may come in through these.
    SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', datname) FROM pg_database
    WHERE datname IN ('postgres', 'template1') AND NOT EXISTS (
      SELECT FROM pg_database
      WHERE datname NOT IN ('postgres', 'template0', 'template1', current_database(), current_database() || '_keys'))
  LOOP
    BEGIN
      EXECUTE closing;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'left to the owner of the server: %', closing;
    END;
  END LOOP;
END $do$;

-- No text of the registry is longer than anybody needs; rows that are there already stay as they are.
ALTER TABLE control.tenants
  ADD CONSTRAINT short_enough CHECK (length(slug) <= 100 AND length(name) <= 300 AND length(province_code) <= 20
    AND length(locale) <= 20 AND length(placement) <= 100 AND length(log) <= 300 AND length(state) <= 50) NOT VALID;
ALTER TABLE control.identity_providers
  ADD CONSTRAINT short_enough CHECK (length(issuer) <= 2000 AND length(client_id) <= 500
    AND length(client_secret) <= 4000 AND length(scopes) <= 1000) NOT VALID;
ALTER TABLE control.operator_log
  ADD CONSTRAINT short_enough CHECK (length(tenant) <= 50 AND length(topic) <= 100 AND length(operator) <= 200
    AND length(data::text) <= 10000) NOT VALID;

-- migrate:down
ALTER TABLE control.operator_log DROP CONSTRAINT short_enough;
ALTER TABLE control.identity_providers DROP CONSTRAINT short_enough;
ALTER TABLE control.tenants DROP CONSTRAINT short_enough;
