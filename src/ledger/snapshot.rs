//! PostgreSQL's snapshots: which transactions had ended at an instant.

use std::fmt;
use std::str::FromStr;

/// A `pg_snapshot`: transactions below `xmin` had ended, those at or above `xmax` had not begun, and
/// of those between the ones in `in_progress` had not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    xmin: u64,
    xmax: u64,
    in_progress: Vec<u64>,
}

/// The text is no `pg_snapshot`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a PostgreSQL snapshot")]
pub struct SnapshotError(String);

impl Snapshot {
    /// One that sees no transaction.
    pub fn nothing() -> Self {
        Self {
            xmin: 1,
            xmax: 1,
            in_progress: Vec::new(),
        }
    }

    /// The first transaction id that was not given out yet.
    pub fn xmax(&self) -> u64 {
        self.xmax
    }

    /// Transactions that were under way, in order.
    pub fn in_progress(&self) -> &[u64] {
        &self.in_progress
    }

    /// Whether a transaction had ended: `pg_visible_in_snapshot`.
    pub fn sees(&self, xid: u64) -> bool {
        xid < self.xmin || (xid < self.xmax && self.in_progress.binary_search(&xid).is_err())
    }
}

impl FromStr for Snapshot {
    type Err = SnapshotError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| SnapshotError(text.to_owned()))
    }
}

/// `xmin:xmax:xid,xid,…`
fn parse(text: &str) -> Option<Snapshot> {
    let mut fields = text.splitn(3, ':');
    let xmin = fields.next()?.parse().ok()?;
    let xmax = fields.next()?.parse().ok()?;
    let in_progress: Vec<u64> = match fields.next()? {
        "" => Vec::new(),
        list => list
            .split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .ok()?,
    };
    let ordered = in_progress.is_sorted_by(|left, right| left < right);
    let inside = in_progress.iter().all(|xid| (xmin..xmax).contains(xid));
    (xmin <= xmax && ordered && inside).then_some(Snapshot {
        xmin,
        xmax,
        in_progress,
    })
}

impl fmt::Display for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list: Vec<String> = self.in_progress.iter().map(u64::to_string).collect();
        write!(formatter, "{}:{}:{}", self.xmin, self.xmax, list.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_there_and_back() {
        for text in ["1:1:", "10:20:10,14,15", "744:744:"] {
            assert_eq!(text.parse::<Snapshot>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_snapshot_is_refused() {
        for text in [
            "",
            "1",
            "1:2",
            "2:1:",
            "1:5:4,3",
            "1:5:5",
            "1:5:0",
            "1:5:2,",
            "a:b:",
            "1:2:;DROP",
        ] {
            assert!(text.parse::<Snapshot>().is_err(), "{text}");
        }
    }

    #[test]
    fn sees_what_had_ended() {
        let snapshot: Snapshot = "10:20:10,14".parse().unwrap();
        let seen: Vec<u64> = (8..22).filter(|xid| snapshot.sees(*xid)).collect();
        assert_eq!(seen, [8, 9, 11, 12, 13, 15, 16, 17, 18, 19]);
    }
}
