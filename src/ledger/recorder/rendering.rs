//! From a parsed message to its rendered form: link numbers drawn, URLs replaced, segments counted.
//!
//! It happens once, before the first attempt to write. What comes out stays the same however often
//! the transaction is repeated, and so does the answer to the caller.

use super::super::campaigns::{self, Campaign};
use super::super::facts::{NewMessage, RecordedLink};
use super::super::subscribers;
use super::sends::PendingSend;
use super::{RecorderSettings, now};
use crate::domain::link::{self, FoundUrl};
use crate::domain::short_code::ShortCodes;
use crate::domain::sms::{self, Segmentation};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use url::Url;
use uuid::Uuid;

/// A message as it will be written if its recipient is not opted out.
#[derive(Clone, Debug)]
pub(super) struct RenderedMessage {
    pub(super) new: NewMessage,
    pub(super) api_key_id: Uuid,
    pub(super) subscriber_id: Uuid,
    pub(super) campaign_id: i64,
    pub(super) campaign: Arc<Campaign>,
    pub(super) body: String,
    pub(super) segmentation: Segmentation,
    pub(super) links: Vec<RenderedLink>,
    pub(super) recorded_at: DateTime<Utc>,
}

/// A link of a rendered message.
#[derive(Clone, Debug)]
pub(super) struct RenderedLink {
    pub(super) number: i64,
    pub(super) short_domain: String,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) shown: RecordedLink,
}

/// Renders messages for the configured public base.
#[derive(Clone)]
pub(super) struct Renderer {
    codes: Arc<ShortCodes>,
    short_base: Url,
}

impl Renderer {
    pub(super) fn new(settings: &RecorderSettings) -> Self {
        Self {
            codes: Arc::clone(&settings.codes),
            short_base: settings.short_base.clone(),
        }
    }

    /// Renders every call that was not rendered by an earlier attempt.
    pub(super) fn render(
        &self,
        conn: &mut PgConnection,
        calls: &mut [PendingSend],
    ) -> QueryResult<()> {
        let mut fresh: Vec<&mut PendingSend> = calls
            .iter_mut()
            .filter(|call| call.rendered.is_none())
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let messages = || fresh.iter().flat_map(|call| &call.call.messages);
        let names: BTreeSet<&str> = messages()
            .map(|message| message.campaign.as_str())
            .collect();
        let campaigns: HashMap<String, (i64, Arc<Campaign>)> =
            campaigns::find_all(conn, &names.into_iter().collect::<Vec<_>>())?
                .into_iter()
                .map(|(id, campaign)| (campaign.name.clone(), (id, Arc::new(campaign))))
                .collect();
        let subscribers = subscribers::resolve(conn, messages().map(|message| &message.to))?;
        let urls = fresh
            .iter()
            .flat_map(|call| &call.found)
            .map(Vec::len)
            .sum();
        let mut codes = self.draw(conn, urls)?.into_iter();
        let recorded_at = now();
        for call in &mut fresh {
            let rendered = call
                .call
                .messages
                .iter()
                .zip(&call.found)
                .map(|(message, found)| {
                    // Drawn for unknown campaigns too: a gap in the numbers is harmless.
                    let drawn: Vec<(i64, String)> = codes.by_ref().take(found.len()).collect();
                    let (campaign_id, campaign) = campaigns.get(&message.campaign)?;
                    let subscriber_id = *subscribers.get(message.to.as_str())?;
                    let links = self.links(campaign, found, drawn, recorded_at);
                    let short_urls: Vec<String> = links
                        .iter()
                        .map(|link| link.shown.short_url.clone())
                        .collect();
                    let body = link::render(&message.body, found, &short_urls);
                    Some(RenderedMessage {
                        new: message.clone(),
                        api_key_id: call.call.api_key_id,
                        subscriber_id,
                        campaign_id: *campaign_id,
                        campaign: Arc::clone(campaign),
                        segmentation: sms::segment(&body),
                        body,
                        links,
                        recorded_at,
                    })
                });
            call.rendered = Some(rendered.collect());
        }
        Ok(())
    }

    /// Draws link numbers with their codes. A number without a code (a route's word) is passed over.
    fn draw(&self, conn: &mut PgConnection, wanted: usize) -> QueryResult<Vec<(i64, String)>> {
        let mut drawn = Vec::with_capacity(wanted);
        while drawn.len() < wanted {
            let missing = i64::try_from(wanted - drawn.len()).unwrap_or(i64::MAX);
            let numbers: Vec<Number> = diesel::sql_query(
                "SELECT nextval('link_numbers') AS number FROM generate_series(1, $1)",
            )
            .bind::<BigInt, _>(missing)
            .load(conn)?;
            drawn.extend(
                numbers
                    .into_iter()
                    .filter_map(|Number { number }| Some((number, self.codes.encode(number)?))),
            );
        }
        Ok(drawn)
    }

    fn links(
        &self,
        campaign: &Campaign,
        found: &[FoundUrl],
        drawn: Vec<(i64, String)>,
        recorded_at: DateTime<Utc>,
    ) -> Vec<RenderedLink> {
        let expires_at = campaign
            .link_expires_after_seconds
            .and_then(TimeDelta::try_seconds)
            .and_then(|after| recorded_at.checked_add_signed(after));
        let (base, short_domain) = self.base_of(campaign);
        found
            .iter()
            .zip(drawn)
            .map(|(url, (number, code))| RenderedLink {
                number,
                short_domain: short_domain.clone(),
                expires_at,
                shown: RecordedLink {
                    short_url: format!("{base}/{code}"),
                    code,
                    target_url: url.target.as_str().to_owned(),
                },
            })
            .collect()
    }

    /// What stands before the code, and its host for the record. A campaign's own domain is always
    /// reached over https.
    fn base_of(&self, campaign: &Campaign) -> (String, String) {
        if let Some(domain) = &campaign.short_domain {
            return (format!("https://{domain}"), domain.clone());
        }
        let base = self.short_base.as_str().trim_end_matches('/').to_owned();
        let authority = self.short_base.authority().to_owned();
        (base, authority)
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}
