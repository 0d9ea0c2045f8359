//! How a record lies in a segment: a mark, the length, a CRC-32 over length and text, the text.
//!
//! The mark begins with a byte that no UTF-8 text holds, so what people write into their messages
//! can never look like the beginning of a record, and reading finds its feet again behind a damaged
//! place.

use std::ops::Range;

/// The mark; its last byte is the format's version.
const MARK: [u8; 4] = [0xFF, b'T', b'S', 1];
/// Mark, length, checksum.
const HEAD: usize = 12;

/// Appends a record.
///
/// # Errors
/// If the text is longer than 4 GiB.
pub(super) fn append(buffer: &mut Vec<u8>, text: &[u8]) -> Result<(), std::num::TryFromIntError> {
    let length = u32::try_from(text.len())?.to_le_bytes();
    buffer.reserve(HEAD + text.len());
    buffer.extend_from_slice(&MARK);
    buffer.extend_from_slice(&length);
    buffer.extend_from_slice(&checksum(length, text).to_le_bytes());
    buffer.extend_from_slice(text);
    Ok(())
}

/// What a segment holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan<'a> {
    /// The records, in order.
    pub(super) records: Vec<&'a [u8]>,
    /// Places that hold no record although some were written there, or a whole one whose text is
    /// not what was written.
    pub(super) damaged: Vec<Range<usize>>,
    /// Where a record begins that was never written to its end: a process or a machine died.
    pub(super) torn: Option<usize>,
}

/// Reads a segment. Never fails, and never gives a record that was not written.
pub(super) fn scan(bytes: &[u8]) -> Scan<'_> {
    let mut scan = Scan::default();
    let mut at = 0;
    while at < bytes.len() {
        if let Some(text) = record_at(bytes, at) {
            scan.records.push(text);
            at += HEAD + text.len();
        } else if let Some(next) = next_record(bytes, at + 1) {
            scan.damaged.push(at..next);
            at = next;
        } else {
            if looks_torn(&bytes[at..]) {
                scan.torn = Some(at);
            } else {
                scan.damaged.push(at..bytes.len());
            }
            break;
        }
    }
    scan
}

fn record_at(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let (length, sum, rest) = head(&bytes[at..])?;
    let text = rest.get(..usize::try_from(u32::from_le_bytes(length)).ok()?)?;
    (checksum(length, text) == sum).then_some(text)
}

/// The length's bytes, the checksum, and what follows the head.
fn head(bytes: &[u8]) -> Option<([u8; 4], u32, &[u8])> {
    let rest = bytes.strip_prefix(&MARK)?;
    let (length, rest) = rest.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    Some((*length, u32::from_le_bytes(*sum), rest))
}

/// The beginning of a record, and no more than that; or zeros, where a file system made the file
/// longer and then wrote no text. Everything else was written to its end, and then it changed.
fn looks_torn(bytes: &[u8]) -> bool {
    let Some((length, sum, rest)) = head(bytes) else {
        let mark = &bytes[..bytes.len().min(MARK.len())];
        return MARK.starts_with(mark) || bytes.iter().all(|byte| *byte == 0);
    };
    let is_short = rest.len() < u32::from_le_bytes(length) as usize;
    // All of the text is there: it is the length that is not what was written.
    let is_whole = |rest: &[u8]| {
        let length = u32::try_from(rest.len()).map(u32::to_le_bytes);
        length.is_ok_and(|length| checksum(length, rest) == sum)
    };
    is_short && !is_whole(rest)
}

fn next_record(bytes: &[u8], from: usize) -> Option<usize> {
    let marks = bytes.get(from..)?.windows(MARK.len());
    let mut places = marks
        .enumerate()
        .filter(|(_, window)| *window == MARK)
        .map(|(place, _)| from + place);
    places.find(|&place| record_at(bytes, place).is_some())
}

fn checksum(length: [u8; 4], text: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&length);
    sum.update(text);
    sum.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(texts: &[impl AsRef<[u8]>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for text in texts {
            append(&mut bytes, text.as_ref()).unwrap();
        }
        bytes
    }

    #[test]
    fn a_torn_tail_is_recognised_wherever_it_is_cut() {
        let whole = written(&["{\"a\":1}", "{\"b\":2}"]);
        let first = HEAD + 7;
        for end in first + 1..whole.len() {
            let scan = scan(&whole[..end]);
            assert_eq!(scan.records, [b"{\"a\":1}"], "cut at {end}");
            assert_eq!((scan.torn, scan.damaged), (Some(first), vec![]));
        }
        assert_eq!(scan(&whole[..first]).torn, None);
        assert_eq!(scan(&whole).records.len(), 2);
        // A file system may have made the file longer before it wrote the text.
        let mut zeros = whole[..first].to_vec();
        zeros.resize(4_096, 0);
        assert_eq!(scan(&zeros).torn, Some(first));
    }

    #[test]
    fn a_damaged_record_is_told_and_the_next_ones_are_found() {
        let good = written(&["one", "two", "three"]);
        let second = HEAD + 3..2 * (HEAD + 3);
        for at in second.clone() {
            let mut bytes = good.clone();
            bytes[at] ^= 0x40;
            let scan = scan(&bytes);
            assert_eq!(scan.records, [&b"one"[..], b"three"], "changed at {at}");
            assert_eq!((scan.damaged, scan.torn), (vec![second.clone()], None));
        }
        // The last one, in its mark and its length too: it is not taken for a torn one.
        for at in second.end..good.len() {
            for bit in 0..8 {
                let mut bytes = good.clone();
                bytes[at] ^= 1 << bit;
                let scan = scan(&bytes);
                assert_eq!(scan.records.len(), 2, "changed at {at}");
                let last = second.end..good.len();
                assert_eq!((scan.damaged, scan.torn), (vec![last], None), "at {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_to_the_bytes_no_record_comes_that_was_not_written(
            texts in prop::collection::vec("[ -~é]{0,40}", 1..8),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = written(&texts);
            for (at, value) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            bytes.truncate(cut.index(bytes.len() + 1));
            let scan = scan(&bytes);
            let mut left = texts.iter().map(String::as_bytes);
            for record in scan.records {
                prop_assert!(left.any(|text| text == record), "not written, or out of order");
            }
        }

        #[test]
        fn what_was_written_is_read(texts in prop::collection::vec("\\PC{0,80}", 0..20)) {
            let bytes = written(&texts);
            let scan = scan(&bytes);
            prop_assert_eq!(scan.torn, None);
            prop_assert!(scan.damaged.is_empty());
            let read: Vec<_> = scan.records.into_iter().map(<[u8]>::to_vec).collect();
            prop_assert_eq!(read, texts.into_iter().map(String::into_bytes).collect::<Vec<_>>());
        }
    }
}
