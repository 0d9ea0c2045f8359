-- One window's log lines, into the outbox: {messages} messages recorded in the {seconds} seconds up to
-- {at}; and, if they are {followed}, a receipt of each, and clicks of a fifth as many, of which every fifth
-- is on a message of 1 to 30 days ago. Facts are not needed: what is measured reads the outbox and the lake.
WITH drawn AS MATERIALIZED (
    SELECT n, at, uuidv7_at(at) AS id, gen_random_uuid() AS subscriber, 1 + n % 500 AS campaign
    FROM generate_series(1, {messages}) AS n,
         LATERAL (SELECT timestamptz '{at}' - {seconds} * interval '1 second' * (1 - n / {messages}::float)) AS time (at)
), common AS (
    SELECT n, at, id,
           format('"subscriber_id":"%s","message_id":"%s","message_recorded_at":"%s","campaign":"campaign-%s",'
               || '"campaign_type":"type-%s","sender":"43720","country":"AT","gateway":"kannel"',
               subscriber, id, told(at), campaign, campaign % 10) AS context
    FROM drawn
), picked AS MATERIALIZED (
    SELECT 1 + floor(random() * newest)::bigint AS number
    FROM generate_series(1, {messages} / 25), (SELECT max(number) AS newest FROM known) AS known
    WHERE {followed}
), old AS MATERIALIZED (
    SELECT row_number() OVER () AS n, context FROM picked JOIN known USING (number)
), line AS (
    SELECT at, 1 AS kind, id AS event_id,
           head('message', id, at) || context || format(',"outcome":"recorded","encoding":"gsm7","code_units":63,"segments":1,'
               || '"api_key_id":"00000000-0000-7000-8000-000000000001","links":[{"link_id":%s,"code":"%s","short_domain":'
               || '"go.example","target_url":"https://shop.example/autumn/%s"}]}',
               {first_link} + n, left(md5(n::text), 10), n) AS line
    FROM common
    UNION ALL
    SELECT told.at, 3, told.id,
           head('receipt', told.id, told.at) || context || format(',"receipt_id":"%s","gateway_message_id":"%s","status":"%s",'
               || '"raw_status":"%s","final":true,"synthetic":false}',
               told.id, left(md5(n::text), 16), CASE WHEN n % 10 = 0 THEN 'undelivered' ELSE 'delivered' END,
               CASE WHEN n % 10 = 0 THEN '2' ELSE '1' END)
    FROM common, LATERAL (SELECT common.at + interval '3 seconds' AS at, uuidv7_at(common.at + interval '3 seconds') AS id) AS told
    WHERE {followed}
    UNION ALL
    SELECT told.at, 5, told.id,
           head('click', told.id, told.at) || context || format(',"link_id":%s,"code":"%s","target_url":"https://shop.example/autumn/%s",'
               || '"verdict":"human","ruleset":"clicks-1","user_agent":"Mozilla/5.0 (iPhone; CPU iPhone OS '
               || '18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",'
               || '"device":"smartphone","os":"iPhone","browser":"Safari","ip_prefix":"203.0.113.0/24"}',
               n, left(md5(n::text), 10), n)
    FROM (SELECT n, context FROM common WHERE {followed} AND n % 25 IN (1, 6, 11, 16)
          UNION ALL SELECT n, context FROM old) AS visited,
         LATERAL (SELECT timestamptz '{at}' AS at, uuidv7_at(timestamptz '{at}') AS id WHERE n > 0) AS told
), remembered AS (
    INSERT INTO known (context) SELECT context FROM common
    WHERE n % 10 = 0 AND at BETWEEN now() - interval '31 days' AND now() - interval '12 hours'
)
INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
SELECT (SELECT max(epoch) FROM epochs), event_id, kind, at, line FROM line;
