-- The files of the windows within ranges of epochs and of numbers: some more than were asked for,
-- where the ranges hold several epochs.
SELECT epoch, number, kind, part, file_key, lines, loaded, duplicates, quarantined, text_sha256
FROM loaded_files
WHERE epoch BETWEEN ? AND ? AND number BETWEEN ? AND ?
