-- migrate:up
-- The sealer has a login of its own: it reads logs and signs them, and can write nothing else.
GRANT USAGE ON SCHEMA control TO sealer;
GRANT SELECT ON control.tenants TO sealer;

-- migrate:down
REVOKE SELECT ON control.tenants FROM sealer;
REVOKE USAGE ON SCHEMA control FROM sealer;
