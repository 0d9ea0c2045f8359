-- Each kind's rows: what the notes of all files add up to, what the tables hold, and, where {distinct}
-- asks for it, how many different events that is.
WITH held (kind, held, events) AS (
    SELECT 'message', count(*), {distinct:message_id} FROM messages
    UNION ALL SELECT 'submission', count(*), {distinct:event_id} FROM submissions
    UNION ALL SELECT 'receipt', count(*), {distinct:event_id} FROM all_receipts
    UNION ALL SELECT 'match', count(*), {distinct:event_id} FROM matches
    UNION ALL SELECT 'click', count(*), {distinct:event_id} FROM clicks
    UNION ALL SELECT 'inbound', count(*), {distinct:event_id} FROM inbound
    UNION ALL SELECT 'opt_out', count(*), {distinct:event_id} FROM opt_outs
), noted AS (
    SELECT kind, sum(loaded)::BIGINT AS noted FROM loaded_files GROUP BY kind
)
SELECT held.kind, coalesce(noted.noted, 0), held.held, held.events
FROM held LEFT JOIN noted USING (kind)
ORDER BY held.kind
