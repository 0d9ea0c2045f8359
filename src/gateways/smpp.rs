//! SMPP's words, which gateways that speak it hand on.

use crate::domain::status::Status;

/// `stat` of a delivery receipt (SMPP 3.4, appendix B). ACCEPTD is the carrier's word, so it is `sent`
/// here.
pub(super) const STATUSES: [(&str, Status); 8] = [
    ("ENROUTE", Status::Sent),
    ("ACCEPTD", Status::Sent),
    ("DELIVRD", Status::Delivered),
    ("UNDELIV", Status::Undelivered),
    ("DELETED", Status::Undelivered),
    ("REJECTD", Status::Rejected),
    ("EXPIRED", Status::Expired),
    ("UNKNOWN", Status::Unknown),
];

/// Our word for a `stat`, compared without regard to case: SMSCs differ.
pub(super) fn status(stat: &str) -> Option<Status> {
    let mut words = STATUSES.into_iter();
    let found = words.find(|(word, _)| word.eq_ignore_ascii_case(stat));
    found.map(|(_, status)| status)
}
