-- Gives places to changes of standing wishes that are committed and have none, behind all that were given
-- before. The caller holds the lock of those who do this: places are committed in their order, so whoever
-- reads one reads all before it. A row that somebody changes just now, or holds, gets its place later.
-- $1 how many at most.
WITH unread AS (
    SELECT subscriber_id, sender
    FROM opt_outs
    WHERE position IS NULL
    ORDER BY changed_at, subscriber_id, sender
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
UPDATE opt_outs
SET position = nextval('opt_out_positions')
FROM unread
WHERE opt_outs.subscriber_id = unread.subscriber_id AND opt_outs.sender = unread.sender
