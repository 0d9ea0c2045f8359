-- What receipts change in their messages. {receipts} are those that know theirs.
SELECT message_id, message_recorded_at, occurred_at AS first_event_at,
       occurred_at AS last_event_at, gateway, segment_number IS NOT NULL AS segmented,
       evidence_of(
           status_key(status, synthetic,
                      CASE WHEN time_source = 'gateway' THEN occurred_at END),
           error_code, error_class, gateway) AS evidence,
       CASE WHEN status = 'delivered' THEN occurred_at END AS delivered_at,
       1 AS events
FROM {receipts}
