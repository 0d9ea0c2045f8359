-- Notes a window as shipped, once. $1 epoch, $2 number, $3 rows, $4 key of its manifest. An empty
-- window has nothing that could be read back: it is verified as it is.
--
-- $5 when it was sealed, $6 its snapshot, as they were read before it was put: a ledger that was put back meanwhile
-- may have sealed another window of that name, which is not in the lake.
INSERT INTO shipped_windows (epoch, number, row_count, manifest_key, verified_at)
SELECT epoch, number, $3::bigint, $4, CASE WHEN $3::bigint = 0 THEN now() END
FROM windows
WHERE epoch = $1 AND number = $2 AND sealed_at = $5 AND snapshot::text = $6
ON CONFLICT (epoch, number) DO NOTHING
