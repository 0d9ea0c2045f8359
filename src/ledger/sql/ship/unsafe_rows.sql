-- Whether a child of the outbox ({slot}) holds a row that is not known to be safe in the lake. This
-- statement alone says what may be truncated; it is asked before the lock and again behind it.
--
-- $1: the snapshot of the last verified window. $2: rows of another cluster are those up to this id.
-- $3: of them, those up to this id are in verified windows.
--
-- 1. In a ledger that is not the one in which that window was sealed (a restored dump, whose new epoch is yet to
--    begin) transaction ids mean something else: the snapshot says nothing, and nothing is safe.
SELECT (SELECT system_identifier FROM epochs ORDER BY epoch DESC LIMIT 1)
    <> (SELECT system_identifier FROM pg_control_system())
OR pg_snapshot_xmax($1::text::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot())
-- 2. Rows of transactions that began after that window's seal: the end of the index. Of what lies
--    before it, the snapshot saw everything but 3.
OR EXISTS (
    SELECT FROM outbox_{slot}
    WHERE xid >= pg_snapshot_xmax($1::text::pg_snapshot) AND id > $2
)
-- 3. Rows of transactions that the seal found under way.
OR EXISTS (
    SELECT
    FROM pg_snapshot_xip($1::text::pg_snapshot) AS held (xid)
    JOIN outbox_{slot} AS waiting ON waiting.xid = held.xid
    WHERE waiting.id > $2
)
-- 4. Rows of another cluster that wait for this epoch's first window.
OR ($3 < $2 AND EXISTS (SELECT FROM outbox_{slot} WHERE id > $3 AND id <= $2))
