-- Messages whose status is no maximum over all receipts, so that it is taken from the facts again
-- (`domain::status::current`): those with receipts by segment, and those with receipts that were
-- corrected, which count no longer. Within a segment the largest evidence, that about the whole message
-- included; over segments the worst. `judged_messages` are those of the messages that may have changed,
-- {times} a literal range around them.
CREATE OR REPLACE TEMP TABLE judgements AS
WITH corrected AS (
    -- What a corrected receipt was told by. One that was parked and turned out to repeat it told the
    -- same, and is no evidence of its own: it falls with it.
    SELECT message_id, gateway, gateway_message_id, segment_number, raw_status, error_code,
           CASE WHEN time_source = 'gateway' THEN occurred_at END AS gateway_time
    FROM receipts
    WHERE {times} AND message_id IN (SELECT message_id FROM judged_messages)
      AND (receipt_id, message_id) IN (SELECT (receipt_id, message_id) FROM corrected_receipts)
      AND corrects IS NULL
), known AS (
    SELECT message_id, segment_number,
           evidence_of(
               status_key(status, synthetic,
                          CASE WHEN time_source = 'gateway' THEN occurred_at END),
               error_code, error_class, gateway) AS evidence,
           CASE WHEN status = 'delivered' THEN occurred_at END AS delivered_at
    FROM receipts
    WHERE {times} AND message_id IN (SELECT message_id FROM judged_messages)
      AND (receipt_id, message_id) NOT IN (SELECT (receipt_id, message_id) FROM corrected_receipts)
      AND NOT (corrects IS NULL AND EXISTS (
          FROM corrected
          WHERE corrected.message_id = receipts.message_id
            AND corrected.gateway IS NOT DISTINCT FROM receipts.gateway
            AND corrected.gateway_message_id IS NOT DISTINCT FROM receipts.gateway_message_id
            AND corrected.segment_number IS NOT DISTINCT FROM receipts.segment_number
            AND corrected.raw_status = receipts.raw_status
            AND corrected.error_code IS NOT DISTINCT FROM receipts.error_code
            AND corrected.gateway_time IS NOT DISTINCT FROM
                CASE WHEN receipts.time_source = 'gateway' THEN receipts.occurred_at END
      ))
    UNION ALL
    SELECT message_id, NULL,
           evidence_of(
               status_key(submission_status(outcome), false,
                          CASE WHEN time_source = 'gateway' THEN occurred_at END),
               error_code, error_class, gateway),
           NULL
    FROM submissions
    WHERE {times} AND message_id IN (SELECT message_id FROM judged_messages)
), best AS (
    SELECT message_id, segment_number, max(evidence) AS evidence,
           min(delivered_at) AS delivered_at
    FROM known GROUP BY message_id, segment_number
), parts AS (
    SELECT segment.message_id,
           greatest(segment.evidence, whole.evidence) AS evidence,
           least(segment.delivered_at, whole.delivered_at) AS delivered_at
    FROM best AS segment
    LEFT JOIN best AS whole
        ON whole.message_id = segment.message_id AND whole.segment_number IS NULL
    WHERE segment.segment_number IS NOT NULL
    UNION ALL
    -- Where nothing tells of a segment, there is but one part.
    SELECT message_id, evidence, delivered_at FROM best
    WHERE segment_number IS NULL
      AND message_id NOT IN (SELECT message_id FROM best WHERE segment_number IS NOT NULL)
)
SELECT message_id,
       min({'standing': status_standing(status_of_key(evidence.key)),
            'evidence': evidence}).evidence AS evidence,
       -- The whole text is there when its last segment is.
       max(delivered_at) AS delivered_at
FROM parts GROUP BY message_id;
