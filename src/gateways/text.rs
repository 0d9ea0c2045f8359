//! A subscriber's text as most gateways hand it in: a few fields, each under the gateway's own name.

use super::fields::{self, keep};
use super::{FieldFault, Inbound};
use crate::domain::phone::{PhoneNumber, Sender};

/// What an inbound message consists of: the gateway's names for it, and what came.
pub(super) struct Text<'a> {
    pub(super) id: (&'a str, Option<&'a str>),
    pub(super) from: (&'a str, Option<&'a str>),
    pub(super) to: (&'a str, Option<&'a str>),
    pub(super) body: (&'a str, &'a str),
}

impl Text<'_> {
    /// Checks it. An id that cannot be stored is left out: a STOP counts without one.
    ///
    /// # Errors
    /// All that is wrong with the numbers and the body.
    pub(super) fn read(self) -> Result<Inbound, Vec<FieldFault>> {
        let mut faults = Vec::new();
        let from = PhoneNumber::parse(self.from.1.unwrap_or_default())
            .map_err(|error| FieldFault::new(self.from.0, error));
        let from = keep(&mut faults, from);
        let to = Sender::parse(self.to.1.unwrap_or_default())
            .map_err(|error| FieldFault::new(self.to.0, error));
        let to = keep(&mut faults, to);
        let body = keep(&mut faults, fields::clean_body(self.body.0, self.body.1));
        let (Some(from), Some(to), Some(body)) = (from, to, body) else {
            return Err(faults);
        };
        let id = fields::canonical_id(self.id.0, self.id.1.unwrap_or_default());
        Ok(Inbound {
            gateway_message_id: fields::spare(id),
            from,
            to,
            body,
            segments: None,
            received_at: None,
            part: None,
            gateway_intent: None,
        })
    }
}
