//! The lines of a compressed object, one at a time: memory does not grow with the file.

use sha2::{Digest as _, Sha256};
use std::io::{self, BufRead, BufReader, Read};

/// The longest line that is loaded, in bytes without its break: far above any event's.
pub(super) const LONGEST: usize = 1 << 20;

/// Lines of a text that is hashed on the way.
pub(super) struct Lines<R> {
    reader: BufReader<Hashing<R>>,
    line: Vec<u8>,
}

/// A line without its break.
pub(super) enum Line<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// The beginning of one that is longer than [`LONGEST`].
    TooLong(&'a [u8]),
}

impl<R: Read> Lines<R> {
    pub(super) fn new(text: R) -> Self {
        Self {
            reader: BufReader::with_capacity(
                64 << 10,
                Hashing {
                    inner: text,
                    hasher: Sha256::new(),
                    bytes: 0,
                },
            ),
            line: Vec::new(),
        }
    }

    /// The next line; none at the end, which includes the check of the compressed stream's own sums.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        // One more than the longest, for the break.
        let limit = LONGEST as u64 + 1;
        let read = (&mut self.reader)
            .take(limit)
            .read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if self.line.len() > LONGEST {
            self.reader.skip_until(b'\n')?;
            return Ok(Some(Line::TooLong(&self.line)));
        }
        Ok(Some(Line::Whole(&self.line)))
    }

    /// What was read of a line that could not be read to its end, after an error.
    pub(super) fn rest(&self) -> &[u8] {
        &self.line
    }

    /// Bytes and hex SHA-256 of the text, once it was read to its end.
    pub(super) fn finish(self) -> (u64, String) {
        let hashing = self.reader.into_inner();
        (hashing.bytes, hex::encode(hashing.hasher.finalize()))
    }
}

struct Hashing<R> {
    inner: R,
    hasher: Sha256,
    bytes: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(usize, bool)> {
        let mut lines = Lines::new(text);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push(match line {
                Line::Whole(line) => (line.len(), true),
                Line::TooLong(line) => (line.len(), false),
            });
        }
        assert_eq!(
            lines.finish(),
            (text.len() as u64, hex::encode(Sha256::digest(text)))
        );
        found
    }

    #[test]
    fn lines_end_at_breaks_and_at_the_end() {
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"ab\n\nc"), [(2, true), (0, true), (1, true)]);
        assert_eq!(lines(b"ab\n"), [(2, true)]);
    }

    #[test]
    fn a_line_too_long_is_cut_and_the_next_is_whole() {
        let mut text = vec![b'x'; LONGEST];
        text.extend(b"\n");
        text.extend(vec![b'y'; LONGEST + 5]);
        text.extend(b"\nz\n");
        assert_eq!(
            lines(&text),
            [(LONGEST, true), (LONGEST + 1, false), (1, true)]
        );
    }
}
