-- migrate:up
-- How far the worker is with each export. Beside the log and made from it: what was asked for, finished, failed,
-- cancelled and downloaded are facts; who holds the work, how often it was tried and how far it is are not.

CREATE TABLE export_runs (
  export     uuid PRIMARY KEY,
  requested  bigint NOT NULL,                          -- position of the request
  over       boolean NOT NULL DEFAULT false,           -- finished, failed or cancelled: the log says which
  attempts   int NOT NULL DEFAULT 0,
  done       int NOT NULL DEFAULT 0,
  total      int NOT NULL DEFAULT 0,
  holder     text NOT NULL DEFAULT '',
  held_until timestamptz NOT NULL DEFAULT '-infinity', -- a worker that was killed loses its hold by doing nothing
  trouble    text NOT NULL DEFAULT '',                 -- code of what went wrong in the last attempt
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX export_runs_owed ON export_runs (requested) WHERE NOT over;

-- Up to which position the log has been looked through for exports.
CREATE TABLE export_watch (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  position bigint NOT NULL
);
INSERT INTO export_watch (position) VALUES (0);

DO $do$
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %1$I.export_runs TO %1$I', current_schema());
  EXECUTE format('GRANT SELECT, UPDATE (position) ON %1$I.export_watch TO %1$I', current_schema());
END $do$;

-- migrate:down
DROP TABLE export_watch;
DROP TABLE export_runs;
