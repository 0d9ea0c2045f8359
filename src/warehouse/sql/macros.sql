-- Rules in SQL that more than one statement needs. Replaced at each start, so that a generation
-- that an older binary made follows the rules of this one.

-- The place of a status in the fixed order of `domain::status::Status::ALL`.
CREATE OR REPLACE MACRO status_position(status) AS
    list_position(['recorded', 'accepted', 'queued', 'sent', 'unknown', 'delivered',
                   'undelivered', 'failed', 'rejected', 'expired', 'canceled'], status) - 1;

-- `domain::status::sort_key`: one integer, the larger wins. Bits 57 to 62 rank, 56 real before
-- synthetic, 4 to 55 the earlier gateway time first, 0 to 3 the fixed order.
CREATE OR REPLACE MACRO status_key(status, synthetic, gateway_time) AS
    CASE WHEN status_position(status) >= 5 THEN
        50::BIGINT * 144115188075855872
        + CASE WHEN synthetic THEN 0 ELSE 72057594037927936 END
        -- greatest() and least() pass over null, so no time is a case of its own.
        + 16 * CASE WHEN gateway_time IS NULL THEN 0 ELSE
            4503599627370495 - greatest(0, least(epoch_us(gateway_time), 4503599627370494)) END
    ELSE
        10::BIGINT * status_position(status) * 144115188075855872
    END + 15 - status_position(status);

-- `domain::status::of_sort_key`.
CREATE OR REPLACE MACRO status_of_key(key) AS
    (['recorded', 'accepted', 'queued', 'sent', 'unknown', 'delivered',
      'undelivered', 'failed', 'rejected', 'expired', 'canceled'])[16 - (key & 15)];

-- `domain::status::Status::standing`: over segments the smallest is the message's.
CREATE OR REPLACE MACRO status_standing(status) AS
    list_position(['canceled', 'failed', 'rejected', 'undelivered', 'expired', 'recorded',
                   'accepted', 'queued', 'sent', 'unknown', 'delivered'], status) - 1;

-- One piece of evidence, so ordered that max() is the winner: the key, then one that names an
-- error code before one that names none, then the texts, so that equal keys have one winner too.
CREATE OR REPLACE MACRO evidence_of(key, error_code, error_class, gateway) AS
    {'key': key, 'coded': CASE WHEN error_code IS NULL THEN 0 ELSE 1 END,
     'error_code': error_code, 'error_class': error_class, 'gateway': gateway};

-- What a submission says, as a status.
CREATE OR REPLACE MACRO submission_status(outcome) AS
    CASE outcome WHEN 'accepted' THEN 'accepted' WHEN 'refused' THEN 'rejected' ELSE 'canceled' END;

-- The begin of the span of so many seconds of UTC that a time is in. By arithmetic: date_trunc() and
-- time_bucket() ask a calendar, which takes ten times as long.
CREATE OR REPLACE MACRO begin_of(instant, seconds) AS
    make_timestamptz(epoch_us(instant)
                     - (epoch_us(instant) % (seconds * 1000000::BIGINT) + seconds * 1000000::BIGINT)
                       % (seconds * 1000000::BIGINT));

-- One number for a bucket's tuple. Another version of DuckDB may give another number for the same
-- tuple; that splits a bucket in two rows, which add up to the same.
CREATE OR REPLACE MACRO bucket_key_of(bucket, campaign, campaign_type, gateway, sender, country) AS
    hash(bucket, campaign, campaign_type, gateway, sender, country);

-- The slot of a latency in the histograms, 0 to 47: two slots for each doubling of the seconds.
-- Slot 0 is below a quarter of a second (clocks differ: negative ones too), slot 1 begins at a
-- quarter, slot 47 at 24 days. `report::latency` reads them.
CREATE OR REPLACE MACRO latency_slot(first_time, second_time) AS
    CASE WHEN second_time IS NULL THEN NULL
    WHEN epoch_us(second_time) - epoch_us(first_time) < 250000 THEN 0
    ELSE least(47, 5 + floor(2 * log2((epoch_us(second_time) - epoch_us(first_time)) / 1000000.0)))
    END::UTINYINT;

-- How many more, or with sign -1 fewer, of a group's rows a condition holds for.
CREATE OR REPLACE MACRO count_signed(sign, condition) AS
    coalesce(sum(sign) FILTER (condition), 0)::BIGINT;

-- A histogram's slots as a list that can be added to others, or with `sign` -1 taken off them.
CREATE OR REPLACE MACRO signed_slots(slots, sign) AS
    list_transform(map_entries(slots),
                   lambda entry: {'slot': entry.key, 'messages': sign * entry.value::BIGINT});

-- The histogram of such lists one after the other. As `histogram()` has it: in order, without what
-- nobody is in, null if nobody is in any.
CREATE OR REPLACE MACRO histogram_of(entries) AS
    nullif(map_from_entries(list_filter(
        list_transform(
            list_sort(list_distinct(list_transform(entries, lambda entry: entry.slot))),
            lambda slot: {'slot': slot, 'messages': list_sum(list_transform(
                list_filter(entries, lambda entry: entry.slot = slot),
                lambda entry: entry.messages))}),
        lambda entry: entry.messages > 0)), MAP {})::MAP(UTINYINT, UBIGINT);

-- A bucket's day in a time zone: `2026-11-23`.
CREATE OR REPLACE MACRO local_day(bucket, tz) AS strftime(bucket AT TIME ZONE tz, '%Y-%m-%d');

-- The offset of a time zone at a bucket, in minutes.
CREATE OR REPLACE MACRO local_offset(bucket, tz) AS
    date_diff('minute', bucket AT TIME ZONE 'UTC', bucket AT TIME ZONE tz);

-- A bucket's hour in a time zone, with its offset, so that the hour that a change of clocks repeats
-- stays two: `2026-10-25T02:00:00+01:00`.
CREATE OR REPLACE MACRO local_hour(bucket, tz) AS
    strftime(bucket AT TIME ZONE tz, '%Y-%m-%dT%H:00:00')
    || CASE WHEN local_offset(bucket, tz) < 0 THEN '-' ELSE '+' END
    || printf('%02d:%02d', abs(local_offset(bucket, tz)) // 60, abs(local_offset(bucket, tz)) % 60);
