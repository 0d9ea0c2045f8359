//! Percentiles from the warehouse's log-scale histograms (`latency_slot` in
//! `warehouse/sql/macros.sql`): two slots for each doubling of the seconds.

use std::collections::BTreeMap;

/// Messages by slot.
pub type Histogram = BTreeMap<i64, i64>;

/// The seconds within which this share of the messages lies, interpolated in its slot, to the
/// hundredth; null without messages. Off by less than half a slot, some 20 %, at worst.
pub fn percentile(histogram: &Histogram, share: f64) -> Option<f64> {
    let total: i64 = histogram.values().sum();
    if total == 0 {
        return None;
    }
    let mut missing = share * float(total);
    for (slot, messages) in histogram {
        if missing <= float(*messages) {
            let seconds = within(*slot, missing / float(*messages));
            return Some((seconds * 100.0).round() / 100.0);
        }
        missing -= float(*messages);
    }
    None
}

/// The seconds at a share of a slot, on its own scale: slot 0 is linear, the others logarithmic.
fn within(slot: i64, share: f64) -> f64 {
    if slot == 0 {
        0.25 * share
    } else {
        ((float(slot) - 5.0 + share) / 2.0).exp2()
    }
}

/// Exact: slots and counts of messages stay below 2^53.
fn float(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_interpolated() {
        // Slot 9 is 4 to 5.66 seconds, slot 11 is 8 to 11.31.
        let histogram = Histogram::from([(9, 50), (11, 50)]);
        assert_eq!(percentile(&histogram, 0.5), Some(5.66));
        assert_eq!(percentile(&histogram, 0.25), Some(4.76));
        assert_eq!(percentile(&histogram, 0.95), Some(10.93));
    }

    #[test]
    fn without_messages_there_is_none() {
        assert_eq!(percentile(&Histogram::new(), 0.5), None);
    }

    #[test]
    fn the_lowest_slot_begins_at_zero() {
        assert_eq!(percentile(&Histogram::from([(0, 1)]), 0.5), Some(0.13));
    }
}
