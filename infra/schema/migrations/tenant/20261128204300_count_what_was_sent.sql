-- migrate:up
-- How many bytes of evidence were sent, asked at each upload: of one day, and on from where somebody has counted.
CREATE INDEX events_that_bring_a_file ON events (position) WHERE topic = 'assessment.evidence-attached';

-- migrate:down
DROP INDEX events_that_bring_a_file;
