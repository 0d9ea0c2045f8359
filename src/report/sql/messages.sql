-- The message report's counts, from the buckets alone. {keys}, {within}, {group} and {order} come from the closed
-- list of columns; {buckets} are those of the longest spans that the range is made of (`report/buckets.rs`),
-- whose times are parameters.

-- 1. By the columns of the buckets: days and hours are told of each span of time once, not of each of its
--    buckets.
WITH counted AS (
    SELECT
        {within}
        sum(messages) AS messages,
        sum(suppressed) AS suppressed,
        sum(recorded) AS recorded,
        sum(accepted) AS accepted,
        sum(queued) AS queued,
        sum(sent) AS sent,
        sum(unknown) AS unknown,
        sum(delivered) AS delivered,
        sum(undelivered) AS undelivered,
        sum(failed) AS failed,
        sum(rejected) AS rejected,
        sum(expired) AS expired,
        sum(canceled) AS canceled,
        sum(clicks) AS clicks,
        sum(human_clicks) AS human_clicks,
        sum(unique_clicks) AS unique_clicks,
        sum(delivered_with_link) AS delivered_with_link,
        sum(delivered_clicked) AS delivered_clicked,
        sum(replies) AS replies,
        sum(opt_outs) AS opt_outs
    FROM {buckets}
    {group_within}
)
-- 2. By the report's.
SELECT
    {keys}
    coalesce(sum(messages), 0)::BIGINT,
    coalesce(sum(suppressed), 0)::BIGINT,
    coalesce(sum(recorded), 0)::BIGINT,
    coalesce(sum(accepted), 0)::BIGINT,
    coalesce(sum(queued), 0)::BIGINT,
    coalesce(sum(sent), 0)::BIGINT,
    coalesce(sum(unknown), 0)::BIGINT,
    coalesce(sum(delivered), 0)::BIGINT,
    coalesce(sum(undelivered), 0)::BIGINT,
    coalesce(sum(failed), 0)::BIGINT,
    coalesce(sum(rejected), 0)::BIGINT,
    coalesce(sum(expired), 0)::BIGINT,
    coalesce(sum(canceled), 0)::BIGINT,
    coalesce(sum(clicks), 0)::BIGINT,
    coalesce(sum(human_clicks), 0)::BIGINT,
    coalesce(sum(unique_clicks), 0)::BIGINT,
    coalesce(sum(delivered_with_link), 0)::BIGINT,
    coalesce(sum(delivered_clicked), 0)::BIGINT,
    coalesce(sum(replies), 0)::BIGINT,
    coalesce(sum(opt_outs), 0)::BIGINT
FROM counted
{group}
{order}
