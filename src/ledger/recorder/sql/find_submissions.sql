-- The messages that these gateway ids were given to; the latest, should a gateway use an id again.
-- $1 gateways, $2 their ids, $3 how far back to look.
SELECT DISTINCT ON (wanted.gateway, wanted.id)
       wanted.gateway, wanted.id AS gateway_message_id, submissions.message_id
FROM unnest($1, $2) AS wanted (gateway, id)
JOIN submissions ON submissions.gateway_message_id = wanted.id
                AND submissions.gateway = wanted.gateway
                AND submissions.message_id >= uuidv7_floor($3)
ORDER BY wanted.gateway, wanted.id, submissions.message_id DESC
