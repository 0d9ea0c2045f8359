//! A line's values, on their way from JSON into columns.

use crate::event::{
    Kind,
    fields::{LINK, fields},
};
use uuid::Uuid;

/// A line's values, or those of one of its links, by the place of their field; none = an absent key.
pub(super) type Values = [Option<Value>];
/// A link's values.
pub(super) type Link = [Option<Value>; LINK.len()];

/// A link without values.
pub(super) const NO_LINK: Link = [None; LINK.len()];

/// A value of a known field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Where it stands among the line's texts.
    Text(Span),
    Uuid(Uuid),
    /// Microseconds since 1970.
    Time(i64),
    Integer(i64),
    Boolean(bool),
    /// Which of the lists' texts.
    TextList(Span),
    /// Which of the links.
    Links(Span),
}

/// From until before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A line. Used for one after another, so that a line needs no memory of its own.
#[derive(Debug)]
pub struct Row {
    pub(super) values: Vec<Option<Value>>,
    pub(super) held: Held,
}

/// What the values point into.
#[derive(Debug, Default)]
pub(super) struct Held {
    text: String,
    list_texts: Vec<Span>,
    links: Vec<Link>,
    /// Keys that this version does not know.
    pub(super) unknown: u64,
}

impl Row {
    /// An empty one for lines of a kind.
    pub fn new(kind: Kind) -> Self {
        Self {
            values: vec![None; fields(kind).len()],
            held: Held::default(),
        }
    }

    /// Forgets its line.
    pub(super) fn clear(&mut self) {
        self.values.fill(None);
        self.held.text.clear();
        self.held.list_texts.clear();
        self.held.links.clear();
        self.held.unknown = 0;
    }

    /// Bytes of its texts.
    pub(super) fn text_bytes(&self) -> usize {
        self.held.text.len()
    }
}

impl Held {
    pub(super) fn hold(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span {
            start,
            end: self.text.len(),
        }
    }

    /// Adds to the list that is being read; its first element's place is [`Self::list_texts_held`]
    /// before.
    pub(super) fn hold_in_list(&mut self, text: &str) {
        let span = self.hold(text);
        self.list_texts.push(span);
    }

    pub(super) fn list_texts_held(&self) -> usize {
        self.list_texts.len()
    }

    pub(super) fn hold_link(&mut self, link: Link) {
        self.links.push(link);
    }

    pub(super) fn links_held(&self) -> usize {
        self.links.len()
    }

    pub(super) fn text(&self, span: Span) -> &str {
        &self.text[span.start..span.end]
    }

    pub(super) fn list_texts(&self, span: Span) -> impl Iterator<Item = &str> {
        let texts = &self.list_texts[span.start..span.end];
        texts.iter().map(|span| self.text(*span))
    }

    pub(super) fn links(&self, span: Span) -> &[Link] {
        &self.links[span.start..span.end]
    }
}
