-- Effects, one row a message: an UPDATE from several rows a message would take one of them and say nothing.
-- What is put together may be such rows as well.
SELECT
    message_id,
    min(message_recorded_at) AS message_recorded_at,
    max(evidence) AS evidence,
    min(gateway) AS gateway,
    coalesce(bool_or(segmented), false) AS segmented,
    min(delivered_at) AS delivered_at,
    min(human_click_at) AS human_click_at,
    coalesce(sum(clicks), 0)::BIGINT AS clicks,
    coalesce(sum(human_clicks), 0)::BIGINT AS human_clicks,
    coalesce(sum(replies), 0)::BIGINT AS replies,
    coalesce(sum(opt_outs), 0)::BIGINT AS opt_outs,
    min(first_event_at) AS first_event_at,
    max(last_event_at) AS last_event_at,
    sum(events)::BIGINT AS events
FROM ({effects})
GROUP BY message_id
