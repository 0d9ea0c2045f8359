//! A statement for the warehouse to read, and its rows, free of any engine's types.

use chrono::{DateTime, Utc};

/// A value of a row, or of a statement's parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Null.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// An instant.
    Time(DateTime<Utc>),
    /// A list of whole numbers.
    Integers(Vec<i64>),
}

impl Cell {
    /// The number, if it is a whole one.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The instant, if it is one.
    pub fn time(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Time(time) => Some(*time),
            _ => None,
        }
    }
}

/// A statement that reads.
#[derive(Clone, Debug)]
pub struct Select {
    /// The SQL, with `$1`, `$2`, … where its parameters stand.
    pub sql: String,
    /// The parameters.
    pub parameters: Vec<Cell>,
    /// The most rows that the caller takes; more are an error, not a cut.
    pub most_rows: usize,
}

/// The rows of a statement.
pub type Rows = Vec<Vec<Cell>>;
