-- What these messages change in the buckets of a quarter of an hour. {into} is where to put it. A histogram
-- holds no negative numbers, so what leaves it stands beside what comes.
INSERT INTO {into}
SELECT
    bucket_key, bucket, campaign, campaign_type, gateway, sender, country,
    count_signed(sign, NOT suppressed),
    count_signed(sign, suppressed),
    count_signed(sign, NOT suppressed AND status = 'recorded'),
    count_signed(sign, NOT suppressed AND status = 'accepted'),
    count_signed(sign, NOT suppressed AND status = 'queued'),
    count_signed(sign, NOT suppressed AND status = 'sent'),
    count_signed(sign, NOT suppressed AND status = 'unknown'),
    count_signed(sign, NOT suppressed AND status = 'delivered'),
    count_signed(sign, NOT suppressed AND status = 'undelivered'),
    count_signed(sign, NOT suppressed AND status = 'failed'),
    count_signed(sign, NOT suppressed AND status = 'rejected'),
    count_signed(sign, NOT suppressed AND status = 'expired'),
    count_signed(sign, NOT suppressed AND status = 'canceled'),
    count_signed(sign, NOT suppressed AND status = 'delivered' AND has_link),
    count_signed(sign, NOT suppressed AND status = 'delivered' AND has_link AND human_clicks > 0),
    count_signed(sign, human_clicks > 0),
    sum(sign * clicks)::BIGINT,
    sum(sign * human_clicks)::BIGINT,
    sum(sign * replies)::BIGINT,
    sum(sign * opt_outs)::BIGINT,
    histogram(deliver_slot) FILTER (
        sign > 0 AND NOT suppressed AND status = 'delivered' AND deliver_slot IS NOT NULL),
    histogram(click_slot) FILTER (sign > 0 AND click_slot IS NOT NULL),
    histogram(deliver_slot) FILTER (
        sign < 0 AND NOT suppressed AND status = 'delivered' AND deliver_slot IS NOT NULL),
    histogram(click_slot) FILTER (sign < 0 AND click_slot IS NOT NULL)
FROM bucket_messages
GROUP BY bucket_key, bucket, campaign, campaign_type, gateway, sender, country
ORDER BY bucket;
