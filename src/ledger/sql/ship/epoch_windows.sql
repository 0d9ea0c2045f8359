-- The first two windows of a new epoch, $1. Window 0 sees what is known to be in verified windows, $2;
-- window 1 closes the epochs before: it holds the rest of what the cut's snapshot, $3, saw.
-- $4 boundary, $5 split_bytes, $6 format_version, $7 the last sealing in the lake: times of sealing
-- never go back, over epochs as well, since they order the manifests.
INSERT INTO windows (epoch, number, snapshot, boundary, sealed_at, split_bytes, format_version)
SELECT $1, first.number, first.snapshot, first.boundary, moment.sealed_at, $5, $6
FROM (
    VALUES (0::bigint, $2::text::pg_snapshot, 'epoch'::timestamptz),
           (1, $3::text::pg_snapshot, $4::timestamptz)
) AS first (number, snapshot, boundary)
CROSS JOIN (
    SELECT greatest(clock_timestamp(), $7::timestamptz, max(windows.sealed_at)) AS sealed_at
    FROM windows
    WHERE windows.number > 0
) AS moment
