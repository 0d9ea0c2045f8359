-- The messages that these windows are about, by one scan: where they stand, and the bucket that they
-- leave and the one that they come to (a gateway may become known). {hours} prunes: a literal
-- condition on the messages' hours. The small side is the one that is hashed.
CREATE OR REPLACE TEMP TABLE changes AS
WITH named AS (
    SELECT message_id, gateway FROM deltas
    UNION ALL
    SELECT event_id, NULL FROM new_message
    WHERE event_id NOT IN (SELECT message_id FROM deltas)
), placed AS (
    SELECT message.rowid AS place, message.message_id, message.test,
           message.bucket_key AS old_key, message.bucket, message.campaign, message.campaign_type,
           CASE WHEN message.gateway_declared THEN message.gateway
                ELSE least(message.gateway, named.gateway) END AS gateway,
           message.sender, message.country
    FROM messages AS message JOIN named USING (message_id)
    WHERE {hours}
)
SELECT place, message_id, test, gateway, old_key,
       bucket_key_of(bucket, campaign, campaign_type, gateway, sender, country) AS new_key
FROM placed;

-- Messages that were there before these windows; new ones have it all from their insert. The status is
-- the largest evidence; counts add up; times are the first and the last.
UPDATE messages SET
    evidence = greatest(messages.evidence, delta.evidence),
    status = coalesce(status_of_key(greatest(messages.evidence, delta.evidence).key), 'recorded'),
    gateway = delta.gateway,
    bucket_key = delta.new_key,
    segmented = messages.segmented OR delta.segmented,
    delivered_at = least(messages.delivered_at, delta.delivered_at),
    human_click_at = least(messages.human_click_at, delta.human_click_at),
    clicks = messages.clicks + delta.clicks,
    human_clicks = messages.human_clicks + delta.human_clicks,
    replies = messages.replies + delta.replies,
    opt_outs = messages.opt_outs + delta.opt_outs,
    first_event_at = least(messages.first_event_at, delta.first_event_at),
    last_event_at = greatest(messages.last_event_at, delta.last_event_at)
FROM (
    SELECT changes.place, changes.new_key, changes.gateway, deltas.* EXCLUDE (gateway)
    FROM changes JOIN deltas USING (message_id)
    WHERE changes.message_id NOT IN (SELECT event_id FROM new_message)
) AS delta
WHERE messages.rowid = delta.place AND {hours};
