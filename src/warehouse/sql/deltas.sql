-- What the new events change, one row a message: an UPDATE from several rows a message would take
-- one of them and say nothing.
CREATE OR REPLACE TEMP TABLE deltas AS
WITH effects AS (
    SELECT message_id, message_recorded_at, occurred_at AS first_event_at,
           occurred_at AS last_event_at, gateway, segment_number IS NOT NULL AS segmented,
           evidence_of(
               status_key(status, synthetic,
                          CASE WHEN time_source = 'gateway' THEN occurred_at END),
               error_code, error_class, gateway) AS evidence,
           CASE WHEN status = 'delivered' THEN occurred_at END AS delivered_at,
           1 AS events
    FROM attached_receipt
    UNION ALL BY NAME
    SELECT message_id, message_recorded_at, occurred_at AS first_event_at,
           occurred_at AS last_event_at, gateway,
           evidence_of(
               status_key(submission_status(outcome), false,
                          CASE WHEN time_source = 'gateway' THEN occurred_at END),
               error_code, error_class, gateway) AS evidence,
           1 AS events
    FROM new_submission WHERE message_id IS NOT NULL
    UNION ALL BY NAME
    SELECT message_id, message_recorded_at, occurred_at AS first_event_at,
           occurred_at AS last_event_at, 1 AS clicks,
           CASE WHEN verdict = 'human' THEN 1 END AS human_clicks,
           CASE WHEN verdict = 'human' THEN occurred_at END AS human_click_at,
           1 AS events
    FROM new_click WHERE message_id IS NOT NULL
    UNION ALL BY NAME
    SELECT message_id, message_recorded_at, occurred_at AS first_event_at,
           occurred_at AS last_event_at, 1 AS replies, 1 AS events
    FROM new_inbound WHERE message_id IS NOT NULL
    UNION ALL BY NAME
    -- A later opt-in takes nothing back: the message did lead to the opt-out.
    SELECT message_id, message_recorded_at, occurred_at AS first_event_at,
           occurred_at AS last_event_at, 1 AS opt_outs, 1 AS events
    FROM new_opt_out WHERE message_id IS NOT NULL AND action = 'opt_out'
    UNION ALL BY NAME
    -- Earlier events whose message comes with these windows.
    SELECT * FROM orphan_events WHERE message_id IN (SELECT event_id FROM new_message)
)
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
FROM effects
GROUP BY message_id;

DELETE FROM orphan_events WHERE message_id IN (SELECT event_id FROM new_message);
