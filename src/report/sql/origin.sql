-- The boundary of the last window up to which none is missing, and the generation that these numbers
-- come from: both of the snapshot that is read.
SELECT (SELECT boundary FROM progress), (SELECT name FROM generation)
