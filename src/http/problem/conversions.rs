//! What the rooms below say went wrong, as what the caller hears.

use super::{ApiError, Kind, RETRY_AFTER};
use crate::gateways::Refusal;
use crate::http::quarantine::QuarantineError;
use crate::ledger::facts::RecordError;
use crate::ledger::pool::LedgerError;
use crate::report::ReportError;
use actix_web::http::header;

impl From<RecordError> for ApiError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Unavailable | RecordError::Away => Self::unavailable(
                "The ledger is not available, or did not say whether it recorded this. Send the \
                     same call again; with an Idempotency-Key a send is recorded once.",
            ),
            RecordError::NotTaken(why) => Self::unavailable(&format!(
                "Nothing was recorded: {why}. Send it again later."
            )),
            RecordError::IdempotencyMismatch => {
                Self::new(Kind::KeyReused, "Give every payload a key of its own.")
            }
            RecordError::IdempotencyInFlight => {
                let detail = "Send the same call again to read the answer of the first.";
                Self::new(Kind::InFlight, detail).with_header(header::RETRY_AFTER, RETRY_AFTER)
            }
            RecordError::Refused(source) => Self::internal(source),
        }
    }
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Unavailable(source) => {
                Self::unavailable("The ledger cannot be reached.").caused_by(source)
            }
            error if error.may_pass() => Self::unavailable(
                "The ledger did not answer in time, or did not say whether it did this. Send the same call again.",
            )
            .caused_by(error.into()),
            error => Self::internal(error),
        }
    }
}

impl From<ReportError> for ApiError {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Unavailable(source) => {
                Self::unavailable("The warehouse cannot be reached.").caused_by(source)
            }
            ReportError::TooLarge { limit } => {
                let detail =
                    format!("It has more than {limit} rows: group by less, or ask for less time.");
                Self::new(Kind::ReportTooLarge, detail)
            }
            ReportError::Query(source) => Self::internal(source),
        }
    }
}

impl From<QuarantineError> for ApiError {
    fn from(error: QuarantineError) -> Self {
        match error {
            QuarantineError::Refused(why) => Self::field("corrections", why),
            QuarantineError::Unavailable(source) => {
                Self::unavailable("The warehouse or the lake cannot be reached.").caused_by(source)
            }
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::Unverified(_) => Self::unauthenticated(
                "The webhook does not carry this gateway's proof; the server's log says which part \
                 failed.",
                "Basic realm=\"gateway\"",
            ),
            Refusal::Unavailable(why) => Self::unavailable(why),
            Refusal::Malformed(_) => Self::new(Kind::Malformed, refusal.to_string()),
            Refusal::TooMany { .. } => Self::new(Kind::TooLarge, refusal.to_string()),
        }
    }
}
