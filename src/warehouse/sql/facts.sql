-- New lines into the fact tables; by name, since columns that came later stand last there.
INSERT INTO submissions BY NAME SELECT {submission} FROM new_submission;
INSERT INTO clicks BY NAME SELECT {click} FROM new_click;
INSERT INTO inbound BY NAME SELECT {inbound} FROM new_inbound;
INSERT INTO opt_outs BY NAME SELECT {opt_out} FROM new_opt_out;
INSERT INTO matches BY NAME SELECT {match} FROM new_match;

-- Receipts that named no message and whose match is known by now, whichever of the two came first:
-- new receipts with any match, parked ones with a new match.
CREATE OR REPLACE TEMP TABLE settled_receipt AS
WITH pairs AS (
    SELECT receipt.receipt_id, found.event_id, found.message_id, found.message_recorded_at,
           found.subscriber_id, found.campaign, found.campaign_type, found.sender, found.country,
           found.gateway, found.test
    FROM new_receipt AS receipt JOIN matches AS found USING (receipt_id)
    WHERE receipt.message_id IS NULL
      AND found.receipt_id BETWEEN '{first_receipt}'::UUID AND '{last_receipt}'::UUID
    UNION
    SELECT receipt.receipt_id, found.event_id, found.message_id, found.message_recorded_at,
           found.subscriber_id, found.campaign, found.campaign_type, found.sender, found.country,
           found.gateway, found.test
    FROM parked_receipts AS receipt JOIN new_match AS found USING (receipt_id)
), waiting AS (
    SELECT {receipt} FROM new_receipt WHERE message_id IS NULL
    UNION ALL
    SELECT {receipt} FROM parked_receipts
)
SELECT waiting.* REPLACE (
    pairs.message_id AS message_id,
    pairs.message_recorded_at AS message_recorded_at,
    coalesce(waiting.subscriber_id, pairs.subscriber_id) AS subscriber_id,
    coalesce(waiting.campaign, pairs.campaign) AS campaign,
    coalesce(waiting.campaign_type, pairs.campaign_type) AS campaign_type,
    coalesce(waiting.sender, pairs.sender) AS sender,
    coalesce(waiting.country, pairs.country) AS country,
    coalesce(waiting.gateway, pairs.gateway) AS gateway,
    coalesce(waiting.test, pairs.test) AS test
)
FROM waiting JOIN pairs USING (receipt_id)
QUALIFY row_number() OVER (PARTITION BY waiting.event_id ORDER BY pairs.event_id) = 1;

-- All receipts that get to their message with these windows.
CREATE OR REPLACE TEMP VIEW attached_receipt AS
SELECT {receipt} FROM new_receipt WHERE message_id IS NOT NULL
UNION ALL
SELECT {receipt} FROM settled_receipt;

INSERT INTO receipts BY NAME SELECT {receipt} FROM attached_receipt;

-- Those that one of these corrects, here already or not.
INSERT INTO corrected_receipts
SELECT corrects, message_id FROM attached_receipt WHERE corrects IS NOT NULL;

-- The others wait for their match.
DELETE FROM parked_receipts WHERE event_id IN (SELECT event_id FROM settled_receipt);
INSERT INTO parked_receipts BY NAME
SELECT {receipt} FROM new_receipt
WHERE message_id IS NULL AND event_id NOT IN (SELECT event_id FROM settled_receipt);
