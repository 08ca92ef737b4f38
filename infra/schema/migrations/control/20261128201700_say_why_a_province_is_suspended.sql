-- migrate:up
-- Why a province is suspended, for its people to read; "" while it is not. Folded from the operator log like the rest.
ALTER TABLE control.tenants ADD COLUMN suspended_for text NOT NULL DEFAULT '' CHECK (length(suspended_for) <= 500);

-- migrate:down
ALTER TABLE control.tenants DROP COLUMN suspended_for;
