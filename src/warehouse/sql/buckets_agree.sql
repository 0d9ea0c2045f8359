-- Whether the buckets of all grains add up to the same. They do not after a loader that knows one grain
-- alone.
WITH sums AS (
    SELECT sum(COLUMNS(* EXCLUDE (bucket_key, bucket, campaign, campaign_type, gateway, sender, country,
                                  deliver_slots, click_slots)))
    FROM message_stats
    UNION
    SELECT sum(COLUMNS(* EXCLUDE (bucket_key, bucket, campaign, campaign_type, gateway, sender, country,
                                  deliver_slots, click_slots)))
    FROM hourly_stats
    UNION
    SELECT sum(COLUMNS(* EXCLUDE (bucket_key, bucket, campaign, campaign_type, gateway, sender, country,
                                  deliver_slots, click_slots)))
    FROM daily_stats
)
SELECT count(*) = 1 FROM sums
