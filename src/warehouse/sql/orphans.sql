-- Deltas without a message wait. {known} are the messages that are there.
INSERT INTO orphan_events
SELECT message_id, message_recorded_at, evidence, gateway, segmented, delivered_at, human_click_at,
       clicks, human_clicks, replies, opt_outs, first_event_at, last_event_at, events
FROM deltas
WHERE message_id NOT IN ({known});
