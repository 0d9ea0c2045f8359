//! What every dialect answers, and what the table of dialects says about each.

use super::registry::own_id;
use super::{Inbound, Items, Receipt, Refusal, Secrets, Webhook};
use crate::domain::route::Route;
use crate::domain::status::{ErrorClass, Status};
use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, FutureExt};
use url::Url;
use uuid::Uuid;

/// What a gateway takes for yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: &'static str,
}

impl Acknowledgement {
    /// 200 and an empty body.
    pub const EMPTY: Self = Self {
        status: 200,
        content_type: "text/plain",
        body: "",
    };
}

/// A call as a gateway would make it: for `textrail gateway check`, and for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
    /// Names, in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// When our id of a message in a callback URL is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlId {
    /// Always: the proof of a call covers its URL, or is a secret that whoever sees a call sees, too.
    Proven,
    /// With the tag that its `receipt_url` has: the signature does not cover the URL.
    Tagged,
    /// Never: the URL is not the message's own.
    Ignored,
}

/// The wire format of one provider, with what one account of it is verified by.
pub trait Dialect: Send + Sync {
    /// Fetches what this call has to be verified with, if it is not at hand: AWS's certificate. Most
    /// have all they need.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] if it cannot be had now; any other if the call is not fit to be verified.
    fn prepare<'a>(&'a self, _webhook: &'a Webhook<'_>) -> BoxFuture<'a, Result<(), Refusal>> {
        std::future::ready(Ok(())).boxed()
    }

    /// Whether the webhook comes from the gateway that shares our secret. In constant time.
    ///
    /// # Errors
    /// [`Refusal::Unverified`] says which part failed.
    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal>;

    /// Answers a verified call that carries no facts, such as AWS's confirmation of a subscription.
    /// None: it is an ordinary call.
    ///
    /// # Errors
    /// If the call cannot be read, or what it asks for cannot be done now.
    fn greet<'a>(
        &'a self,
        _webhook: &'a Webhook<'_>,
    ) -> BoxFuture<'a, Result<Option<Acknowledgement>, Refusal>> {
        std::future::ready(Ok(None)).boxed()
    }

    /// What a webhook is about, if its body tells: for a provider that calls one URL for both, whichever
    /// of ours was entered there. None: the URL tells.
    fn route(&self, _webhook: &Webhook<'_>) -> Option<Route> {
        None
    }

    /// The delivery receipts in a webhook. Our own message id, where the callback URL carries it as
    /// `message_id`, is read by [`super::Gateway::receipts`] for all dialects.
    ///
    /// # Errors
    /// If it is not what this gateway sends at all.
    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal>;

    /// The subscribers' messages in a webhook.
    ///
    /// # Errors
    /// If it is not what this gateway sends at all.
    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal>;

    /// What to answer once everything is durable.
    fn acknowledgement(&self) -> Acknowledgement;

    /// What a campaign tool gives the gateway as the callback of one message. `endpoint` is this
    /// gateway's `…/receipts` URL. Overridden where the URL has to carry more than our id.
    fn receipt_url(&self, mut endpoint: Url, message_id: Uuid) -> String {
        endpoint
            .query_pairs_mut()
            .append_pair(own_id::PARAMETER, &message_id.to_string());
        endpoint.into()
    }

    /// When our id in the callback URL is believed. Overridden where whoever has a signed call could send
    /// it again for another message.
    fn url_id(&self) -> UrlId {
        UrlId::Proven
    }

    /// Whether this call's proof covers its URL though others' of the dialect do not: then our id needs
    /// no tag.
    fn covers_url(&self, _webhook: &Webhook<'_>) -> bool {
        false
    }

    /// What to enter at the provider for inbound messages. `endpoint` is this gateway's `…/inbound`
    /// URL. Overridden where the URL has to carry more.
    fn inbound_url(&self, endpoint: Url) -> String {
        endpoint.into()
    }

    /// The id that a submission gives, in the form in which receipts are matched with it.
    /// Overridden where a gateway's id alone does not name one message.
    fn submission_id(&self, canonical: String) -> String {
        canonical
    }

    /// A receipt of status `raw_status` for the message `id`, as this gateway would report it to
    /// `url` at `at`, signed with the first secret. None if only the provider can sign.
    fn sample(&self, url: &str, id: &str, raw_status: &str, at: DateTime<Utc>) -> Option<Sample>;
}

/// What an operator sets about a gateway beside its dialect; each dialect reads what it needs.
#[derive(Clone, Debug, Default)]
pub struct DialectSettings {
    /// One, or two while one replaces the other.
    pub secrets: Secrets,
    /// How the provider signs, where that is a choice (Vonage).
    pub signature: Option<String>,
    /// Whose events are taken (AWS: topic ARNs).
    pub topics: Vec<String>,
}

/// What an error code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Our class of it.
    pub class: ErrorClass,
    /// False if trying again could help; none where the provider does not say.
    pub permanent: Option<bool>,
}

impl Meaning {
    /// Trying again does not help.
    pub const fn permanent(class: ErrorClass) -> Self {
        Self {
            class,
            permanent: Some(true),
        }
    }

    /// Trying again may help.
    pub const fn temporary(class: ErrorClass) -> Self {
        Self {
            class,
            permanent: Some(false),
        }
    }

    /// The provider does not say whether it lasts.
    pub const fn open(class: ErrorClass) -> Self {
        Self {
            class,
            permanent: None,
        }
    }
}

/// One entry of the table of dialects.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Its name in the configuration.
    pub name: &'static str,
    /// The provider, as people call it.
    pub provider: &'static str,
    /// What `secret` is at this provider.
    pub secret: &'static str,
    /// The gateway's words for a status, and ours; in lower case if compared without regard to it.
    pub statuses: &'static [(&'static str, Status)],
    /// The gateway's error codes, in the form of [`super::fields::canonical_code`].
    pub errors: &'static [(&'static str, Meaning)],
    /// The codes with which it refuses a send, where they are others than those of receipts.
    pub refusals: Option<&'static [(&'static str, Meaning)]>,
    /// Makes it from an operator's settings; the error says which key to mend.
    pub open: fn(&DialectSettings) -> Result<Box<dyn Dialect>, String>,
}

impl Kind {
    /// Our word for a gateway's; [`Status::Unknown`] for words not known here, which are kept raw and
    /// never fail a request.
    pub fn status(&self, raw: &str) -> Status {
        self.statuses
            .iter()
            .find(|(word, _)| *word == raw)
            .map_or(Status::Unknown, |(_, status)| *status)
    }

    /// What an error code means, if we know.
    pub fn meaning(&self, code: &str) -> Option<Meaning> {
        let found = self.errors.iter().find(|(known, _)| *known == code);
        found.map(|(_, meaning)| *meaning)
    }

    /// The same; a code that is not known has the class `other`, so that it shows in reports.
    pub fn explanation(&self, code: &str) -> Meaning {
        self.meaning(code)
            .unwrap_or(Meaning::open(ErrorClass::Other))
    }

    /// What the code of a refused send means: the gateway's answer to it, before there is any receipt.
    pub fn refusal(&self, code: &str) -> Meaning {
        let codes = self.refusals.unwrap_or(self.errors);
        let found = codes.iter().find(|(known, _)| *known == code);
        found.map_or(Meaning::open(ErrorClass::Other), |(_, meaning)| *meaning)
    }

    /// Puts a code and its meaning into a receipt; an expired one has its class without any code.
    pub fn explain(&self, receipt: &mut Receipt, code: Option<String>) {
        let meaning = code.as_deref().map(|code| self.explanation(code));
        let of_status = match receipt.status {
            Status::Expired => Some(ErrorClass::Expired),
            _ => None,
        };
        receipt.error_class = of_status.or(meaning.map(|meaning| meaning.class));
        receipt.permanent = meaning.and_then(|meaning| meaning.permanent);
        receipt.error_code = code;
    }
}
