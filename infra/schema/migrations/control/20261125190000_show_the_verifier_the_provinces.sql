-- migrate:up
-- The verifier has a login of its own: it reads logs and what was signed for them, and writes what it found.
GRANT USAGE ON SCHEMA control TO verifier;
GRANT SELECT ON control.tenants TO verifier;

-- migrate:down
REVOKE SELECT ON control.tenants FROM verifier;
REVOKE USAGE ON SCHEMA control FROM verifier;
