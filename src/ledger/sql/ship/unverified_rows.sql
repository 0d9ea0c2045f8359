-- Whether a child of the outbox ({slot}) holds a row outside of verified windows: of another life of
-- the ledger than $1, or of a transaction that the last verified window's snapshot, $2, did not see.
SELECT EXISTS (
    SELECT FROM outbox_{slot}
    WHERE epoch <> $1 OR NOT pg_visible_in_snapshot(xid, $2::text::pg_snapshot)
)
