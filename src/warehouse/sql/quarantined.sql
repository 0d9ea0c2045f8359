-- What is in quarantine, in the order of windows, files and lines; the first four parameters may be
-- null. $6 says whether the lines themselves are wanted.
SELECT line.epoch, line.number, noted.manifest_key, line.kind, line.part, line.file_key,
       line.quarantined_at, line.line_number, line.lines, line.reason,
       CASE WHEN $6 THEN line.line ELSE '' END
FROM quarantined_lines AS line
JOIN loaded_windows AS noted ON noted.epoch = line.epoch AND noted.number = line.number
WHERE line.epoch = coalesce($1, line.epoch)
  AND line.number = coalesce($2, line.number)
  AND line.file_key = coalesce($3, line.file_key)
  AND (line.line_number = coalesce($4, line.line_number)
       OR $4 BETWEEN line.line_number AND line.line_number + line.lines - 1)
ORDER BY line.epoch, line.number, line.kind, line.part, line.line_number
LIMIT $5;
