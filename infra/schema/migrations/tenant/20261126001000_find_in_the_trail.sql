-- migrate:up
-- By which marks each fact of the log is found. Made from the log beside the read models, and made anew when the way
-- of marking changes; a row never changes, so that the trail as of a position is the rows up to it.

CREATE TABLE trail_marks (
  position bigint PRIMARY KEY,
  season   text NOT NULL,
  at       timestamptz NOT NULL,
  marks    text[] NOT NULL
);
CREATE INDEX trail_marks_of_a_season ON trail_marks (season, position);
CREATE INDEX trail_marks_by_mark ON trail_marks USING gin (marks) WITH (gin_pending_list_limit = 512);

-- Up to which position the log is marked, and by which version of the marks.
CREATE TABLE trail_watch (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  position bigint NOT NULL,
  version  int NOT NULL
);
INSERT INTO trail_watch (position, version) VALUES (0, 0);

DO $do$
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON %1$I.trail_marks TO %1$I', current_schema());
  EXECUTE format('GRANT SELECT, UPDATE (position, version) ON %1$I.trail_watch TO %1$I', current_schema());
END $do$;

-- migrate:down
DROP TABLE trail_watch;
DROP TABLE trail_marks;
