//! Links for tests.

use diesel::PgConnection;
use diesel::connection::SimpleConnection as _;

/// Links from number 0 on, each of a message of its own.
const LINKS: &str = "
    INSERT INTO campaigns (name, campaign_type, title) VALUES ('autumn', 'promotion', 'Autumn');
    INSERT INTO subscribers (id, number) VALUES (uuidv7_floor(now()), '+436641234567');
    INSERT INTO messages (id, subscriber_id, campaign_id, campaign_type, sender, body, encoding,
                          code_units, segments, outcome, status, test, api_key_id, recorded_at)
    SELECT uuidv7_floor(now() - n * interval '1 hour'), subscribers.id, campaigns.id, 'promotion',
           'Shop', '', 'gsm7', 0, 1, 'recorded', 'recorded', false, gen_random_uuid(), now()
    FROM generate_series(1, {count}) AS n, subscribers, campaigns;
    INSERT INTO links (number, message_id, position, code, short_domain, target_url)
    SELECT number, id, 0, 'code' || number, 's.example', 'https://shop.example/' || id
    FROM (SELECT row_number() OVER (ORDER BY id) - 1 AS number, id FROM messages) AS numbered;";

/// So many of them, in an empty ledger.
pub(super) fn fill(conn: &mut PgConnection, count: usize) {
    let sql = LINKS.replace("{count}", &count.to_string());
    conn.batch_execute(&sql).unwrap();
}
