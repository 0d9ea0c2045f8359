-- The message report's counts, from the buckets alone. {keys} and {order} come from the closed list
-- of columns; times are parameters.
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
FROM message_stats
WHERE bucket >= $1 AND bucket < $2
{group}
{order}
