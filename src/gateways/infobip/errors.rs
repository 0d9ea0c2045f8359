//! What Infobip's errors mean, by their names in upper case ("Response status and error codes"), as
//! far as they are about one text message. A rejected status without an error is explained by its own
//! name, so those stand here as well.

use super::super::Meaning;
use crate::domain::status::ErrorClass;

const OUT_OF_REACH: Meaning = Meaning::temporary(ErrorClass::Unreachable);
const NO_SERVICE: Meaning = Meaning::permanent(ErrorClass::Unreachable);
const NO_SUCH_NUMBER: Meaning = Meaning::permanent(ErrorClass::InvalidNumber);
const FILTERED: Meaning = Meaning::permanent(ErrorClass::Filtered);
const FLOODED: Meaning = Meaning::temporary(ErrorClass::Filtered);
const FILTERED_NOW: Meaning = Meaning::open(ErrorClass::Filtered);
const ACCOUNT: Meaning = Meaning::permanent(ErrorClass::Account);
const ACCOUNT_LIMIT: Meaning = Meaning::temporary(ErrorClass::Account);

pub(super) const ERRORS: [(&str, Meaning); 48] = [
    // Handset errors.
    ("EC_UNKNOWN_SUBSCRIBER", NO_SUCH_NUMBER),
    ("EC_UNIDENTIFIED_SUBSCRIBER", OUT_OF_REACH),
    ("EC_ABSENT_SUBSCRIBER_SM", OUT_OF_REACH),
    ("EC_ABSENT_SUBSCRIBER", OUT_OF_REACH),
    ("EC_ROAMING_NOT_ALLOWED", OUT_OF_REACH),
    ("EC_ILLEGAL_SUBSCRIBER", NO_SUCH_NUMBER),
    ("EC_ILLEGAL_EQUIPMENT", NO_SERVICE),
    ("EC_TELESERVICE_NOT_PROVISIONED", NO_SERVICE),
    ("EC_BEARER_SERVICE_NOT_PROVISIONED", OUT_OF_REACH),
    ("EC_CALL_BARRED", OUT_OF_REACH),
    ("EC_SUBSCRIBER_BUSY_FOR_MT_SMS", OUT_OF_REACH),
    ("EC_SM_DELIVERY_FAILURE", OUT_OF_REACH),
    ("EC_MESSAGE_WAITING_LIST_FULL", OUT_OF_REACH),
    ("EC_SM_DF_MEMORYCAPACITYEXCEEDED", OUT_OF_REACH),
    ("EC_NO_RESPONSE", OUT_OF_REACH),
    ("EC_TIME_OUT", OUT_OF_REACH),
    ("EC_OR_REMOTENODENOTREACHABLE", OUT_OF_REACH),
    // User and operator errors.
    ("EC_INVALID_DESTINATION_ADDRESS", NO_SUCH_NUMBER),
    ("EC_DEACTIVATED_LIST", NO_SUCH_NUMBER),
    (
        "EC_NNR_NOTRANSLATIONFORTHISSPECIFICADDRESS",
        Meaning::temporary(ErrorClass::InvalidNumber),
    ),
    ("EC_REJECTED_SPAM_BY_OPERATOR", FILTERED),
    ("EC_CONTENT_BLOCKED_BY_OPERATOR", FILTERED_NOW),
    ("EC_BLOCKED_BY_CAMPAIGN_BLACKLIST", FILTERED_NOW),
    ("EC_SIGNALS_BLOCKED", FILTERED_NOW),
    // The operator's do-not-disturb list, not a STOP that anyone sent to this sender.
    ("EC_DEST_ADDRESS_BLACKLISTED", FILTERED),
    ("EC_BLACKLISTED_DESTINATIONADDRESS", FILTERED),
    ("EC_IMSI_BLACKLISTED", FILTERED),
    ("EC_DESTINATION_FLOODING", FLOODED),
    ("EC_DESTINATION_TXT_FLOODING", FLOODED),
    // "Content blocked by user opt-out (MO: STOP)".
    (
        "EC_CONTENT_BLOCKED",
        Meaning::permanent(ErrorClass::OptedOut),
    ),
    ("EC_BLACKLISTED_SENDERADDRESS", ACCOUNT),
    ("EC_LIMIT_REACHED", ACCOUNT_LIMIT),
    ("EC_QUOTA_REACHED", ACCOUNT_LIMIT),
    ("EC_10DLC_LIMIT_REACHED", ACCOUNT_LIMIT),
    (
        "EC_VALIDITYEXPIRED",
        Meaning::permanent(ErrorClass::Expired),
    ),
    // Rejected before anything was tried.
    ("REJECTED_NETWORK", ACCOUNT),
    ("REJECTED_PREFIX_MISSING", NO_SUCH_NUMBER),
    ("REJECTED_DND", FILTERED),
    ("REJECTED_SOURCE", ACCOUNT),
    ("REJECTED_NOT_ENOUGH_CREDITS", ACCOUNT_LIMIT),
    ("REJECTED_SENDER", ACCOUNT),
    ("REJECTED_DESTINATION", FILTERED),
    ("REJECTED_PREPAID_PACKAGE_EXPIRED", ACCOUNT_LIMIT),
    ("REJECTED_ROUTE_NOT_AVAILABLE", NO_SERVICE),
    ("REJECTED_FLOODING_FILTER", FLOODED),
    // The groups, for errors that are not listed.
    ("HANDSET_ERRORS", Meaning::open(ErrorClass::Unreachable)),
    ("USER_ERRORS", Meaning::open(ErrorClass::Other)),
    ("OPERATOR_ERRORS", Meaning::open(ErrorClass::Other)),
];
