-- New messages, in time order, and their links. What happened to them is added after, as to any
-- other message.
INSERT INTO messages
SELECT
    event_id, recorded_at,
    date_trunc('hour', recorded_at), time_bucket(INTERVAL 15 MINUTES, recorded_at),
    bucket_key_of(time_bucket(INTERVAL 15 MINUTES, recorded_at),
                  campaign, campaign_type, gateway, sender, country),
    subscriber_id, campaign, campaign_type, sender, country,
    gateway, gateway IS NOT NULL, coalesce(test, false),
    client_reference, outcome = 'suppressed', suppression_reason, encoding, code_units, segments,
    api_key_id, links IS NOT NULL,
    'recorded', NULL, false, NULL, NULL, 0, 0, 0, 0, NULL, NULL
FROM new_message
ORDER BY recorded_at;

INSERT INTO links
SELECT link.link_id, event_id, recorded_at, link.code, link.short_domain, link.target_url,
       link.expires_at
FROM (SELECT event_id, recorded_at, unnest(links) AS link FROM new_message)
ORDER BY link.link_id;
