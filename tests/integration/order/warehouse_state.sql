-- All that the warehouse holds of each message, but for ids and times of arrival. Times of events
-- count unless there is none but that of the arrival, which no two tellings share: of a click, and of
-- a receipt without a time of the gateway's.
WITH untimed AS (
    SELECT DISTINCT message_id FROM receipts WHERE time_source = 'server'
    UNION
    SELECT DISTINCT message_id FROM clicks
)
SELECT message_id::VARCHAR,
       to_json(struct_pack(
           status, suppressed, campaign, campaign_type, sender, country, gateway, gateway_declared,
           test, encoding, code_units, segments, has_link, evidence, segmented, clicks, human_clicks,
           replies, opt_outs,
           clicked := human_click_at IS NOT NULL,
           delivered := delivered_at IS NOT NULL,
           times := CASE WHEN message_id NOT IN (SELECT message_id FROM untimed)
               THEN [delivered_at, first_event_at, last_event_at] END))::VARCHAR
FROM messages
