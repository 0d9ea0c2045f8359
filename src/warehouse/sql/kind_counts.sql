-- Each kind's rows by the notes of its files, and by the tables. An event id is loaded once, so a
-- row that an interrupted or doubled load left would show here.
WITH held(kind, held) AS (
    SELECT 'message', count(*) FROM messages
    UNION ALL SELECT 'submission', count(*) FROM submissions
    UNION ALL SELECT 'receipt', count(*) FROM all_receipts
    UNION ALL SELECT 'match', count(*) FROM matches
    UNION ALL SELECT 'click', count(*) FROM clicks
    UNION ALL SELECT 'inbound', count(*) FROM inbound
    UNION ALL SELECT 'opt_out', count(*) FROM opt_outs
), noted AS (
    SELECT kind, sum(loaded)::BIGINT AS noted FROM loaded_files GROUP BY kind
)
SELECT held.kind, coalesce(noted.noted, 0), held.held FROM held LEFT JOIN noted USING (kind)
