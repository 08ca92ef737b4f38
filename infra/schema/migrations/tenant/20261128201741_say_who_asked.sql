-- migrate:up
-- Who asked for a command, and for what: a command is repeated by the same person with the same request, or it is
-- another one. Rows from before have neither; there the first fact says who acted.
ALTER TABLE commands ADD COLUMN actor text, ADD COLUMN verb text;

-- migrate:down
ALTER TABLE commands DROP COLUMN actor, DROP COLUMN verb;
