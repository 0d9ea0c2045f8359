//! From a parsed message to its rendered form: link numbers drawn, URLs replaced, segments counted.
//!
//! It happens once, before the first attempt to write. What comes out stays the same however often
//! the transaction is repeated, and so does the answer to the caller. Subscribers alone are looked up for
//! each attempt.

use super::super::campaigns::{self, Campaign};
use super::super::facts::{NewMessage, RecordedLink};
use super::super::statement::prepared;
use super::super::subscribers;
use super::give_way::GiveWay;
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

/// What was looked up and drawn for some calls.
struct Drawn {
    campaigns: HashMap<String, (i64, Arc<Campaign>)>,
    subscribers: HashMap<String, Uuid>,
    codes: std::vec::IntoIter<(i64, String)>,
    recorded_at: DateTime<Utc>,
}

/// Rounds of numbers without a single code after which there are no more. A round is at least one
/// number, and routes' words are fewer than this.
const BARREN_ROUNDS: u32 = 64;

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

    /// Renders every call that was not rendered by an earlier attempt; of those that were, looks up the
    /// subscribers again.
    pub(super) fn render(
        &self,
        conn: &mut PgConnection,
        calls: &mut [PendingSend],
        give_way: &mut GiveWay<'_>,
    ) -> QueryResult<()> {
        look_up_again(conn, calls)?;
        let mut fresh: Vec<&mut PendingSend> = calls
            .iter_mut()
            .filter(|call| call.rendered.is_none())
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let mut drawn = self.look_up(conn, &fresh, give_way)?;
        for call in &mut fresh {
            let rendered = call
                .call
                .messages
                .iter()
                .zip(&call.found)
                .map(|(message, found)| {
                    self.render_one(message, found, call.call.api_key_id, &mut drawn)
                });
            call.rendered = Some(rendered.collect());
        }
        Ok(())
    }

    /// Looks up and draws what these calls need. A message of an unknown campaign needs nothing: it
    /// is refused, and leaves no number behind.
    fn look_up(
        &self,
        conn: &mut PgConnection,
        calls: &[&mut PendingSend],
        give_way: &mut GiveWay<'_>,
    ) -> QueryResult<Drawn> {
        let all = || {
            calls
                .iter()
                .flat_map(|call| call.call.messages.iter().zip(&call.found))
        };
        let names: BTreeSet<&str> = all()
            .map(|(message, _)| message.campaign.as_str())
            .collect();
        let campaigns: HashMap<String, (i64, Arc<Campaign>)> =
            campaigns::find_all(conn, &names.into_iter().collect::<Vec<_>>())?
                .into_iter()
                .map(|(id, campaign)| (campaign.name.clone(), (id, Arc::new(campaign))))
                .collect();
        let known = || all().filter(|(message, _)| campaigns.contains_key(&message.campaign));
        let urls = known().map(|(_, found)| found.len()).sum();
        let numbers = known().map(|(message, _)| &message.to);
        Ok(Drawn {
            subscribers: subscribers::resolve_with_pauses(conn, numbers, || give_way.pause())?,
            codes: self.draw(conn, urls)?.into_iter(),
            campaigns,
            recorded_at: now(),
        })
    }

    /// None if the campaign is not known.
    fn render_one(
        &self,
        message: &NewMessage,
        found: &[FoundUrl],
        api_key_id: Uuid,
        drawn: &mut Drawn,
    ) -> Option<RenderedMessage> {
        let (campaign_id, campaign) = drawn.campaigns.get(&message.campaign)?;
        let subscriber_id = *drawn.subscribers.get(message.to.as_str())?;
        let codes = drawn.codes.by_ref().take(found.len()).collect();
        let links = self.links(campaign, found, codes, drawn.recorded_at);
        let short_urls: Vec<String> = links
            .iter()
            .map(|link| link.shown.short_url.clone())
            .collect();
        let body = link::render(&message.body, found, &short_urls);
        Some(RenderedMessage {
            new: message.clone(),
            api_key_id,
            subscriber_id,
            campaign_id: *campaign_id,
            campaign: Arc::clone(campaign),
            segmentation: sms::segment(&body),
            body,
            links,
            recorded_at: drawn.recorded_at,
        })
    }

    /// Draws link numbers with their codes. A number without a code (a route's word) is passed over;
    /// when round after round has none, the codes of this length are used up.
    fn draw(&self, conn: &mut PgConnection, wanted: usize) -> QueryResult<Vec<(i64, String)>> {
        let mut drawn = Vec::with_capacity(wanted);
        let mut barren = 0;
        while drawn.len() < wanted {
            let before = drawn.len();
            let missing = i64::try_from(wanted - before).unwrap_or(i64::MAX);
            let numbers: Vec<Number> =
                prepared("SELECT nextval('link_numbers') AS number FROM generate_series(1, $1)")
                    .bind::<BigInt, _>(missing)
                    .load(conn)?;
            drawn.extend(
                numbers
                    .into_iter()
                    .filter_map(|Number { number }| Some((number, self.codes.encode(number)?))),
            );
            barren = if drawn.len() == before { barren + 1 } else { 0 };
            if barren == BARREN_ROUNDS {
                let error = "short codes of this length are used up: raise links.code_length";
                return Err(diesel::result::Error::QueryBuilderError(error.into()));
            }
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
    /// reached over https, unless it is the public base's.
    fn base_of(&self, campaign: &Campaign) -> (String, String) {
        match &campaign.short_domain {
            Some(domain) if domain != self.short_base.authority() => {
                return (format!("https://{domain}"), domain.clone());
            }
            _ => {}
        }
        let base = self.short_base.as_str().trim_end_matches('/').to_owned();
        let authority = self.short_base.authority().to_owned();
        (base, authority)
    }
}

/// Looks up the subscribers of rendered messages again. They were recorded before the transaction that
/// failed, by a primary that may be gone: the one that took over need not have them, and nobody would ever
/// find a message of a subscriber that is not there.
fn look_up_again(conn: &mut PgConnection, calls: &mut [PendingSend]) -> QueryResult<()> {
    let mut rendered: Vec<&mut RenderedMessage> = calls
        .iter_mut()
        .flat_map(|call| call.rendered.iter_mut().flatten().flatten())
        .collect();
    let numbers = rendered.iter().map(|message| &message.new.to);
    let subscribers = subscribers::resolve(conn, numbers)?;
    for message in &mut rendered {
        if let Some(&id) = subscribers.get(message.new.to.as_str()) {
            message.subscriber_id = id;
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}
