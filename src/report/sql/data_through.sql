-- The boundary of the last window up to which none is missing.
SELECT boundary FROM progress
