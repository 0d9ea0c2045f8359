-- The links of new messages.
INSERT INTO links
SELECT link.link_id, event_id, recorded_at, link.code, link.short_domain, link.target_url,
       link.expires_at
FROM (SELECT event_id, recorded_at, unnest(links) AS link FROM new_message)
