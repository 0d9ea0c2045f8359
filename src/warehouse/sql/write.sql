-- The messages of these windows, and what they make of older ones. An UPDATE reads, logs and later
-- rewrites each column that it names, so there is one for each of the things that happen by
-- themselves: most older messages are touched by a click alone.
INSERT INTO messages FROM arrivals;

UPDATE messages SET
    evidence = change.evidence,
    status = change.status,
    gateway = change.gateway,
    bucket_key = change.bucket_key,
    segmented = change.segmented,
    delivered_at = change.delivered_at
FROM (
    SELECT now.* FROM changes AS now JOIN found AS old USING (place)
    WHERE now.evidence IS DISTINCT FROM old.evidence
       OR now.status <> old.status
       OR now.gateway IS DISTINCT FROM old.gateway
       OR now.bucket_key <> old.bucket_key
       OR now.segmented <> old.segmented
       OR now.delivered_at IS DISTINCT FROM old.delivered_at
) AS change
WHERE messages.rowid = change.place;

UPDATE messages SET
    clicks = change.clicks,
    human_clicks = change.human_clicks,
    human_click_at = change.human_click_at
FROM (
    SELECT now.* FROM changes AS now JOIN found AS old USING (place)
    WHERE now.clicks <> old.clicks
) AS change
WHERE messages.rowid = change.place;

UPDATE messages SET
    replies = change.replies,
    opt_outs = change.opt_outs
FROM (
    SELECT now.* FROM changes AS now JOIN found AS old USING (place)
    WHERE now.replies <> old.replies OR now.opt_outs <> old.opt_outs
) AS change
WHERE messages.rowid = change.place;

UPDATE messages SET
    first_event_at = change.first_event_at,
    last_event_at = change.last_event_at
FROM changes AS change
WHERE messages.rowid = change.place;
