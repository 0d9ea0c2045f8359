-- What loads made of messages that were there before, into their table.
{places}
-- Each UPDATE looks for its rows in all of the table, and reads, logs and later rewrites each column that it
-- names. So there is one for each of the things that happen by themselves (most older messages are touched by a
-- click alone), and it sets the times of events, too.
CREATE OR REPLACE TEMP TABLE differences AS
SELECT older.place, now.message_id, now.evidence, now.status, now.gateway, now.bucket_key, now.segmented,
       now.delivered_at, now.clicks, now.human_clicks, now.human_click_at, now.replies, now.opt_outs,
       now.first_event_at, now.last_event_at,
       now.evidence IS DISTINCT FROM old.evidence
           OR now.status IS DISTINCT FROM old.status
           OR now.gateway IS DISTINCT FROM old.gateway
           OR now.bucket_key IS DISTINCT FROM old.bucket_key
           OR now.segmented IS DISTINCT FROM old.segmented
           OR now.delivered_at IS DISTINCT FROM old.delivered_at AS delivery_differs,
       now.clicks IS DISTINCT FROM old.clicks AS clicks_differ,
       now.replies IS DISTINCT FROM old.replies
           OR now.opt_outs IS DISTINCT FROM old.opt_outs AS answers_differ
FROM messages AS old
JOIN older ON old.rowid = older.place
JOIN message_changes AS now ON now.message_id = older.message_id;

UPDATE messages SET
    evidence = change.evidence,
    status = change.status,
    gateway = change.gateway,
    bucket_key = change.bucket_key,
    segmented = change.segmented,
    delivered_at = change.delivered_at,
    first_event_at = change.first_event_at,
    last_event_at = change.last_event_at
FROM (FROM differences WHERE delivery_differs) AS change
WHERE messages.rowid = change.place;

UPDATE messages SET
    clicks = change.clicks,
    human_clicks = change.human_clicks,
    human_click_at = change.human_click_at,
    first_event_at = change.first_event_at,
    last_event_at = change.last_event_at
FROM (FROM differences WHERE clicks_differ) AS change
WHERE messages.rowid = change.place;

UPDATE messages SET
    replies = change.replies,
    opt_outs = change.opt_outs,
    first_event_at = change.first_event_at,
    last_event_at = change.last_event_at
FROM (FROM differences WHERE answers_differ) AS change
WHERE messages.rowid = change.place;

-- Events that changed nothing else.
UPDATE messages SET
    first_event_at = change.first_event_at,
    last_event_at = change.last_event_at
FROM (FROM differences WHERE NOT (delivery_differs OR clicks_differ OR answers_differ)) AS change
WHERE messages.rowid = change.place;

-- One whose message is not there would stay, to be seen.
DELETE FROM message_changes WHERE message_id IN (SELECT message_id FROM differences);

-- They may be many, and the connection stays.
DROP TABLE differences;
DROP TABLE older;
DROP TABLE places;
