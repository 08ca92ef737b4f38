-- migrate:up
-- What the verifier found. It has a login of its own, apart from the sealer's whose work it checks: it reads
-- everything, writes here and nowhere else, and nobody may change what it wrote.

CREATE TABLE verifications (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at            timestamptz NOT NULL,
  facts         bigint NOT NULL,            -- the last position looked at
  covered       bigint NOT NULL,            -- facts under a checkpoint that agrees with the log
  witnessed     bigint NOT NULL,            -- those under one that is cosigned as the policy asks
  held          int NOT NULL,               -- checkpoints from elsewhere that it was compared with
  found         bigint NOT NULL,            -- 0: everything fits
  findings      json NOT NULL,              -- the first of them: position and text
  policy_sha256 text NOT NULL,              -- "" where signatures were not checked
  seconds       float8 NOT NULL
);

DO $do$
BEGIN
  EXECUTE format('GRANT SELECT ON %1$I.verifications TO %1$I', current_schema());
  EXECUTE format('GRANT USAGE ON SCHEMA %1$I TO verifier', current_schema());
  EXECUTE format('GRANT SELECT ON %1$I.head, %1$I.events, %1$I.tiles, %1$I.sealings, %1$I.cosignatures, %1$I.halts TO verifier',
                 current_schema());
  EXECUTE format('GRANT SELECT, INSERT ON %1$I.verifications TO verifier', current_schema());
END $do$;

CREATE TRIGGER never BEFORE UPDATE OR DELETE OR TRUNCATE ON verifications FOR EACH STATEMENT EXECUTE FUNCTION never();

-- migrate:down
DROP TABLE verifications;
