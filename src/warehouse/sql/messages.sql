-- New messages, with what these windows tell of each. Events that come in a later
-- window are added by `apply.sql`. They stand in the order of their lines, which is that of windows and
-- so nearly that of time: sorted, they cost more, and `hour` prunes no better for it.
INSERT INTO {messages}
SELECT
    line.event_id, line.recorded_at,
    begin_of(line.recorded_at, 3600), begin_of(line.recorded_at, 900),
    bucket_key_of(begin_of(line.recorded_at, 900), line.campaign,
                  line.campaign_type, coalesce(line.gateway, delta.gateway), line.sender,
                  line.country),
    line.subscriber_id, line.campaign, line.campaign_type, line.sender, line.country,
    coalesce(line.gateway, delta.gateway), line.gateway IS NOT NULL, coalesce(line.test, false),
    line.client_reference, line.outcome = 'suppressed', line.suppression_reason, line.encoding,
    line.code_units, line.segments, line.api_key_id, line.links IS NOT NULL,
    coalesce(status_of_key(delta.evidence.key), 'recorded'), delta.evidence,
    coalesce(delta.segmented, false), delta.delivered_at, delta.human_click_at,
    coalesce(delta.clicks, 0), coalesce(delta.human_clicks, 0), coalesce(delta.replies, 0),
    coalesce(delta.opt_outs, 0), delta.first_event_at, delta.last_event_at
FROM new_message AS line LEFT JOIN deltas AS delta ON delta.message_id = line.event_id
