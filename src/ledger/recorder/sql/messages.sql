-- Messages with their links and events, in one statement.
-- $1 to $15 columns of messages, $16 their lines; $17 to $24 columns of links.

-- 1. The messages; one that is there already came from an attempt whose outcome nobody knew.
WITH given AS (
    SELECT *
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        WITH ORDINALITY AS given (
            id, subscriber_id, campaign_id, campaign_type, sender, gateway, client_reference, body,
            encoding, code_units, segments, outcome, test, api_key_id, recorded_at, line, place)
), written AS (
    INSERT INTO messages (
        id, subscriber_id, campaign_id, campaign_type, sender, gateway, client_reference, body,
        encoding, code_units, segments, outcome, status, test, api_key_id, recorded_at)
    SELECT id, subscriber_id, campaign_id, campaign_type, sender, gateway, client_reference, body,
           encoding, code_units, segments, outcome, 'recorded', test, api_key_id, recorded_at
    FROM given
    ORDER BY place
    ON CONFLICT (id) DO NOTHING
    RETURNING id
),
-- 2. Their links.
written_links AS (
    INSERT INTO links (
        number, message_id, position, code, short_domain, target_url, fallback_url, expires_at)
    SELECT link.number, link.message_id, link.position, link.code, link.short_domain,
           link.target_url, link.fallback_url, link.expires_at
    FROM unnest($17, $18, $19, $20, $21, $22, $23, $24) AS link (
        number, message_id, position, code, short_domain, target_url, fallback_url, expires_at)
    JOIN written ON written.id = link.message_id
    ORDER BY link.number
),
-- 3. Their events.
written_events AS (
    INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
    SELECT (SELECT max(epoch) FROM epochs), given.id, 1, given.recorded_at, given.line
    FROM given
    JOIN written ON written.id = given.id
    ORDER BY given.place
)
SELECT id FROM written
