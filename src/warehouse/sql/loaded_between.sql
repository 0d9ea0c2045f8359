-- The windows that are loaded, within ranges of epochs and of numbers: some more than were asked
-- for, where the ranges hold several epochs.
SELECT epoch, number, manifest_key
FROM loaded_windows
WHERE epoch BETWEEN ? AND ? AND number BETWEEN ? AND ?
