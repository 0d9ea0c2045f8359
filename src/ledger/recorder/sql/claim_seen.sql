-- Fingerprints that were not seen before.
-- $1 fingerprints, $2 times of recording.
INSERT INTO seen_facts (fingerprint, seen_at)
SELECT DISTINCT ON (fingerprint) fingerprint, seen_at
FROM unnest($1, $2) AS seen (fingerprint, seen_at)
-- In the order of the key, as every writer does: repetitions on two servers wait, never deadlock.
ORDER BY fingerprint, seen_at
ON CONFLICT (fingerprint) DO NOTHING
RETURNING fingerprint
