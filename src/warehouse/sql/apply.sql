-- Deltas without a message wait. {hours} prunes: a literal condition on the messages' hours.
CREATE OR REPLACE TEMP TABLE orphans AS
SELECT * FROM deltas
WHERE message_id NOT IN (SELECT message_id FROM messages WHERE {hours});

INSERT INTO orphan_events
SELECT message_id, message_recorded_at, evidence, gateway, segmented, delivered_at, human_click_at,
       clicks, human_clicks, replies, opt_outs, first_event_at, last_event_at, events
FROM orphans;

DELETE FROM deltas WHERE message_id IN (SELECT message_id FROM orphans);

-- The messages that these windows are about, and the buckets that they stand in before.
CREATE OR REPLACE TEMP TABLE touched_messages AS
SELECT message_id FROM deltas UNION SELECT event_id FROM new_message;

CREATE OR REPLACE TEMP TABLE touched_buckets AS
SELECT DISTINCT bucket, campaign, campaign_type, gateway, sender, country
FROM messages
WHERE {hours} AND NOT test AND message_id IN (SELECT message_id FROM touched_messages);

-- The status is the largest evidence; counts add up; times are the first and the last.
UPDATE messages SET
    evidence = greatest(messages.evidence, deltas.evidence),
    status = coalesce(status_of_key(greatest(messages.evidence, deltas.evidence).key), 'recorded'),
    gateway = CASE WHEN gateway_declared THEN messages.gateway
                   ELSE least(messages.gateway, deltas.gateway) END,
    segmented = messages.segmented OR deltas.segmented,
    delivered_at = least(messages.delivered_at, deltas.delivered_at),
    human_click_at = least(messages.human_click_at, deltas.human_click_at),
    clicks = messages.clicks + deltas.clicks,
    human_clicks = messages.human_clicks + deltas.human_clicks,
    replies = messages.replies + deltas.replies,
    opt_outs = messages.opt_outs + deltas.opt_outs,
    first_event_at = least(messages.first_event_at, deltas.first_event_at),
    last_event_at = greatest(messages.last_event_at, deltas.last_event_at)
FROM deltas
WHERE messages.message_id = deltas.message_id AND {hours};

-- And the buckets that they stand in now: a gateway may have become known.
INSERT INTO touched_buckets
SELECT DISTINCT bucket, campaign, campaign_type, gateway, sender, country
FROM messages
WHERE {hours} AND NOT test AND message_id IN (SELECT message_id FROM touched_messages);
