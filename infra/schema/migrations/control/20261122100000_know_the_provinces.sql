-- migrate:up
-- The control plane: which provinces there are and how their people sign in. It holds no province's facts.

CREATE SCHEMA IF NOT EXISTS control;

CREATE SEQUENCE control.tenant_number;

-- What happened to each province, in order; the registry below is folded from it.
CREATE TABLE control.operator_log (
  position bigint PRIMARY KEY CHECK (position > 0),
  tenant   text NOT NULL,
  version  int NOT NULL CHECK (version > 0),
  topic    text NOT NULL,
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  operator text NOT NULL,
  data     jsonb NOT NULL,
  UNIQUE (tenant, version)
);

CREATE TABLE control.tenants (
  id            text PRIMARY KEY CHECK (id ~ '^t_[0-9]+$'),  -- stable: schema and role; never reused
  slug          text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  name          text NOT NULL,
  province_code text NOT NULL,
  locale        text NOT NULL,
  placement     text NOT NULL,
  demonstration boolean NOT NULL,
  log           text NOT NULL UNIQUE,                        -- origin of its log, in every leaf
  state         text NOT NULL,
  version       int NOT NULL
);

-- Kept apart from the log of facts, because of the secret.
CREATE TABLE control.identity_providers (
  tenant        text PRIMARY KEY REFERENCES control.tenants,
  issuer        text NOT NULL,
  client_id     text NOT NULL,
  client_secret text NOT NULL DEFAULT '',
  scopes        text NOT NULL DEFAULT 'openid'
);

CREATE FUNCTION control.never() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
  RAISE EXCEPTION '% on %.% is never allowed: what is recorded stays', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = '42501';
END $f$;
CREATE TRIGGER never BEFORE UPDATE OR DELETE OR TRUNCATE ON control.operator_log
  FOR EACH STATEMENT EXECUTE FUNCTION control.never();

-- The role the application signs in with inherits nothing and touches no province before it takes its role.
GRANT USAGE ON SCHEMA control TO app;
GRANT SELECT ON control.tenants, control.identity_providers TO app;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'the registry is never dropped by a migration'; END $$;
