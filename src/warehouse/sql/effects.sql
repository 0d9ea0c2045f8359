-- What submissions, clicks, replies and wishes change in their messages. {lines} are their tables.
SELECT message_id, message_recorded_at, occurred_at AS first_event_at,
       occurred_at AS last_event_at, gateway,
       evidence_of(
           status_key(submission_status(outcome), false,
                      CASE WHEN time_source = 'gateway' THEN occurred_at END),
           error_code, error_class, gateway) AS evidence,
       1 AS events
FROM {lines}_submission WHERE message_id IS NOT NULL
UNION ALL BY NAME
SELECT message_id, message_recorded_at, occurred_at AS first_event_at,
       occurred_at AS last_event_at, 1 AS clicks,
       CASE WHEN verdict = 'human' THEN 1 END AS human_clicks,
       CASE WHEN verdict = 'human' THEN occurred_at END AS human_click_at,
       1 AS events
FROM {lines}_click WHERE message_id IS NOT NULL
UNION ALL BY NAME
SELECT message_id, message_recorded_at, occurred_at AS first_event_at,
       occurred_at AS last_event_at, 1 AS replies, 1 AS events
FROM {lines}_inbound WHERE message_id IS NOT NULL
UNION ALL BY NAME
-- A later opt-in takes nothing back: the message did lead to the opt-out.
SELECT message_id, message_recorded_at, occurred_at AS first_event_at,
       occurred_at AS last_event_at, 1 AS opt_outs, 1 AS events
FROM {lines}_opt_out WHERE message_id IS NOT NULL AND action = 'opt_out'
