-- migrate:up
-- What one witness has cosigned, by size: else whoever asks after one that is gone walks past everything that the
-- others have cosigned since.
CREATE INDEX cosignatures_of_witness ON cosignatures (witness, size);

-- migrate:down
DROP INDEX cosignatures_of_witness;
