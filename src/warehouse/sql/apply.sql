-- What these windows make of messages that were there before. The status is the largest evidence;
-- counts add up; times are the first and the last; a gateway may become known, and with it another
-- bucket.
CREATE OR REPLACE TEMP TABLE changes AS
WITH merged AS (
    SELECT old.message_id, old.message_recorded_at, old.bucket, old.campaign, old.campaign_type,
           old.sender, old.country, old.gateway_declared, old.test, old.suppressed, old.has_link,
           CASE WHEN old.gateway_declared THEN old.gateway
                ELSE least(old.gateway, delta.gateway) END AS gateway,
           greatest(old.evidence, delta.evidence) AS evidence,
           old.segmented OR delta.segmented AS segmented,
           least(old.delivered_at, delta.delivered_at) AS delivered_at,
           least(old.human_click_at, delta.human_click_at) AS human_click_at,
           old.clicks + delta.clicks AS clicks,
           old.human_clicks + delta.human_clicks AS human_clicks,
           old.replies + delta.replies AS replies,
           old.opt_outs + delta.opt_outs AS opt_outs,
           least(old.first_event_at, delta.first_event_at) AS first_event_at,
           greatest(old.last_event_at, delta.last_event_at) AS last_event_at
    FROM found AS old JOIN older_deltas AS delta USING (message_id)
)
SELECT *,
       coalesce(status_of_key(evidence.key), 'recorded') AS status,
       bucket_key_of(bucket, campaign, campaign_type, gateway, sender, country) AS bucket_key
FROM merged;
