//! Error codes of Bird's SMS platform, which the old API and the new one report alike (Bird, "SMS
//! platform extended error codes"): the mobile networks' own (3GPP TS 29.002) up to 100, Bird's above.

use super::Meaning;
use crate::domain::status::ErrorClass;

pub(super) const ERRORS: [(&str, Meaning); 17] = [
    ("1", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("2", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("3", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("5", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("6", Meaning::temporary(ErrorClass::Unreachable)),
    ("9", Meaning::permanent(ErrorClass::Filtered)),
    ("10", Meaning::permanent(ErrorClass::Unreachable)),
    ("11", Meaning::permanent(ErrorClass::Unreachable)),
    ("12", Meaning::permanent(ErrorClass::Filtered)),
    ("13", Meaning::permanent(ErrorClass::Filtered)),
    ("21", Meaning::permanent(ErrorClass::Unreachable)),
    ("27", Meaning::temporary(ErrorClass::Unreachable)),
    ("31", Meaning::temporary(ErrorClass::Unreachable)),
    ("32", Meaning::temporary(ErrorClass::Unreachable)),
    ("33", Meaning::temporary(ErrorClass::Unreachable)),
    ("34", Meaning::temporary(ErrorClass::Other)),
    ("103", Meaning::permanent(ErrorClass::OptedOut)),
];
