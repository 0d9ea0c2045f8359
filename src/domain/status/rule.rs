//! The rule by which evidence becomes a status: one sortable integer within a segment, the worst over
//! segments.

use super::Status;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// One thing known about a message: a receipt, or its submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What it says.
    pub status: Status,
    /// The gateway's own guess after long silence.
    pub synthetic: bool,
    /// The gateway's time, if it gave one.
    pub gateway_time: Option<DateTime<Utc>>,
    /// The segment it is about; none = the whole message.
    pub segment_number: Option<i32>,
}

/// Rank, 6 bits, stands above all else. The sign bit stays 0.
const RANK_SHIFT: u32 = 57;
/// 1 = real, 0 = synthetic.
const REAL_SHIFT: u32 = 56;
/// 52 bits of time: microseconds from 1970 to 2112, counted down.
const TIME_SHIFT: u32 = 4;
/// The largest value of the time field, that of 1970; 0 is "no time given".
const TIME_MAX: i64 = (1 << 52) - 1;
/// The lowest 4 bits: 15 less the status' position in [`Status::ALL`].
const STATUS_MASK: i64 = 0b1111;

/// The rule of one segment as one sortable integer: the larger wins. Rank; among finals a real one
/// before a synthetic one, then the earliest gateway time (none = last), then a fixed order of the
/// statuses. The warehouse computes the same number in SQL, so its status is a `max()`.
///
/// | bits | what |
/// |---|---|
/// | 57 to 62 | [`Status::rank`] |
/// | 56 | finals: 1 = real, 0 = synthetic; else 0 |
/// | 4 to 55 | finals: 2^52 - 1 less the microseconds since 1970, held to 1 and up; 0 without a time; else 0 |
/// | 0 to 3 | 15 less the position in [`Status::ALL`] |
///
/// A rank below the finals has one status only, so neither its time nor its origin can matter, and
/// both are left out: the same news at another time is the same key. A time before 1970 counts as
/// 1970, one after 2112 as 2112.
pub fn sort_key(evidence: &Evidence) -> i64 {
    let status = evidence.status;
    let mut key = i64::from(status.rank()) << RANK_SHIFT;
    if status.is_final() {
        key |= i64::from(!evidence.synthetic) << REAL_SHIFT;
        key |= time_field(evidence.gateway_time) << TIME_SHIFT;
    }
    key | (STATUS_MASK - i64::from(status.position()))
}

/// Earlier is larger; no time is smaller than any.
fn time_field(time: Option<DateTime<Utc>>) -> i64 {
    time.map_or(0, |time| {
        TIME_MAX - time.timestamp_micros().clamp(0, TIME_MAX - 1)
    })
}

/// The status of a sort key; of a number that is none, [`Status::Recorded`], which claims least.
pub fn of_sort_key(key: i64) -> Status {
    usize::try_from(STATUS_MASK - (key & STATUS_MASK))
        .ok()
        .and_then(|position| Status::ALL.get(position).copied())
        .unwrap_or(Status::Recorded)
}

/// The current status: within a segment the largest key; over segments the worst
/// ([`Status::standing`]). No evidence at all is [`Status::Recorded`].
///
/// Evidence about the whole message is evidence about each of its segments: its largest key takes
/// part in every segment. So a submission does not hold back segments that went on, a gateway's
/// word on the whole settles segments it never names, and where it names none the whole message's
/// largest key is the answer. Segments that nobody mentions do not count: many gateways report
/// one segment only.
///
/// In SQL: `max(sort_key)` a message and segment, `greatest()` with the one of the null segment,
/// then the `min()` of the standings.
pub fn current(evidence: impl IntoIterator<Item = Evidence>) -> Status {
    let mut whole = None;
    let mut segments = BTreeMap::new();
    for one in evidence {
        let best = match one.segment_number {
            None => &mut whole,
            Some(number) => segments.entry(number).or_insert(None),
        };
        *best = (*best).max(Some(sort_key(&one)));
    }
    if segments.is_empty() {
        return whole.map_or(Status::Recorded, of_sort_key);
    }
    segments
        .into_values()
        .filter_map(|key| key.max(whole))
        .map(of_sort_key)
        .min_by_key(|status| status.standing())
        .unwrap_or(Status::Recorded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;

    fn at(micros: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(micros)
    }

    fn known(status: Status, micros: Option<i64>) -> Evidence {
        Evidence {
            status,
            synthetic: false,
            gateway_time: micros.and_then(at),
            segment_number: None,
        }
    }

    fn of_segment(number: i32, status: Status) -> Evidence {
        Evidence {
            segment_number: Some(number),
            ..known(status, Some(1_700_000_000_000_000))
        }
    }

    fn statuses() -> impl Strategy<Value = Status> {
        select(Status::ALL.to_vec())
    }

    /// Few times and few segments, so that ties and neighbours are common.
    fn evidence() -> impl Strategy<Value = Evidence> {
        (
            statuses(),
            any::<bool>(),
            proptest::option::of(0_i64..4),
            proptest::option::of(1_i32..4),
        )
            .prop_map(|(status, synthetic, time, segment_number)| Evidence {
                status,
                synthetic,
                gateway_time: time.and_then(|time| at(1_700_000_000_000_000 + time)),
                segment_number,
            })
    }

    /// The rule of one segment in words, without the integer: see the table of `domain::status`.
    fn wins(a: &Evidence, b: &Evidence) -> bool {
        if a.status.rank() != b.status.rank() {
            return a.status.rank() > b.status.rank();
        }
        if !a.status.is_final() {
            return false;
        }
        if a.synthetic != b.synthetic {
            return b.synthetic;
        }
        match (a.gateway_time, b.gateway_time) {
            (Some(a), Some(b)) if a != b => a < b,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            _ => a.status.position() < b.status.position(),
        }
    }

    #[test]
    fn the_key_is_laid_out_as_documented() {
        assert_eq!(sort_key(&known(Status::Sent, Some(5))), (30 << 57) | 12);
        assert_eq!(
            sort_key(&known(Status::Delivered, Some(5))),
            (50 << 57) | (1 << 56) | (((1 << 52) - 6) << 4) | 10
        );
        assert_eq!(
            sort_key(&Evidence {
                synthetic: true,
                ..known(Status::Expired, None)
            }),
            (50 << 57) | 6
        );
    }

    #[test]
    fn times_beyond_the_field_keep_their_place() {
        let key = |micros| sort_key(&known(Status::Failed, Some(micros)));
        assert_eq!(key(-1), key(0));
        assert!(key(0) > key(1));
        assert_eq!(key(1 << 53), key(1 << 54));
        assert!(key(1 << 54) > sort_key(&known(Status::Failed, None)));
    }

    #[test]
    fn no_evidence_is_recorded() {
        assert_eq!(current([]), Status::Recorded);
        assert_eq!(of_sort_key(0), Status::Recorded);
        assert_eq!(of_sort_key(-1), Status::Recorded);
    }

    #[test]
    fn a_late_sent_leaves_delivered() {
        let delivered = known(Status::Delivered, Some(1));
        let sent = known(Status::Sent, Some(9));
        assert_eq!(current([delivered, sent]), Status::Delivered);
    }

    #[test]
    fn a_failure_without_a_time_leaves_delivered() {
        let delivered = known(Status::Delivered, Some(1));
        assert_eq!(
            current([delivered, known(Status::Failed, None)]),
            Status::Delivered
        );
        let timeless = known(Status::Delivered, None);
        assert_eq!(
            current([known(Status::Undelivered, None), timeless]),
            Status::Delivered
        );
    }

    #[test]
    fn a_real_final_replaces_a_guess_however_late() {
        let guess = Evidence {
            synthetic: true,
            ..known(Status::Expired, Some(1))
        };
        let real = known(Status::Delivered, None);
        assert_eq!(current([guess]), Status::Expired);
        assert_eq!(current([guess, real]), Status::Delivered);
    }

    #[test]
    fn every_segment_must_arrive() {
        use Status::{Accepted, Delivered, Expired, Failed, Sent};
        let accepted = known(Accepted, None);
        let table: [(&[Evidence], Status); 6] = [
            (
                &[of_segment(1, Delivered), of_segment(2, Delivered)],
                Delivered,
            ),
            (&[of_segment(1, Delivered), of_segment(2, Sent)], Sent),
            (&[of_segment(1, Sent), of_segment(2, Failed)], Failed),
            (&[of_segment(1, Expired), of_segment(2, Failed)], Failed),
            (&[accepted, of_segment(1, Delivered)], Delivered),
            (&[known(Delivered, Some(1)), of_segment(1, Sent)], Delivered),
        ];
        for (evidence, expected) in table {
            assert_eq!(current(evidence.iter().copied()), expected, "{evidence:?}");
        }
    }

    proptest! {
        #[test]
        fn the_key_is_the_rule(a in evidence(), b in evidence()) {
            prop_assert!(sort_key(&a) >= 0);
            prop_assert_eq!(of_sort_key(sort_key(&a)), a.status);
            prop_assert_eq!(sort_key(&a) > sort_key(&b), wins(&a, &b));
        }

        #[test]
        fn order_and_repetition_do_not_matter(
            (all, shuffled) in proptest::collection::vec(evidence(), 0..12)
                .prop_flat_map(|all| {
                    let twice = [all.clone(), all.clone()].concat();
                    (Just(all), Just(twice).prop_shuffle())
                }),
        ) {
            prop_assert_eq!(current(shuffled), current(all));
        }

        #[test]
        fn lower_ranks_never_move_a_final(
            all in proptest::collection::vec(evidence(), 1..8),
            late in evidence(),
        ) {
            let before = current(all.iter().copied());
            // A segment not seen before is new knowledge, not late news.
            let seen = late.segment_number.is_none()
                || all.iter().any(|one| one.segment_number == late.segment_number);
            prop_assume!(before.is_final() && !late.status.is_final() && seen);
            prop_assert_eq!(current(all.into_iter().chain([late])), before);
        }

        #[test]
        fn a_timeless_or_synthetic_final_never_moves_a_real_timed_one(
            first in statuses(), late in statuses(), synthetic: bool,
        ) {
            prop_assume!(first.is_final());
            let evidence = [
                known(first, Some(1_700_000_000_000_000)),
                Evidence { synthetic, ..known(late, (synthetic).then_some(1)) },
            ];
            prop_assert_eq!(current(evidence), first);
        }
    }
}
