//! The lanes of messages: singles and batches.

mod idempotency;
mod rows;

use super::super::facts::{RecordError, RecordedMessage, SendCall, SendOutcome, SendReply};
use super::super::links::KnownLinks;
use super::super::statement::prepared;
use super::commit;
use super::give_way::{GiveWay, InLane};
use super::lane::Work;
use super::rendering::{RenderedMessage, Renderer};
use super::{PersonalData, RecorderSettings};
use crate::domain::link::{self, FoundUrl};
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use idempotency::Claim;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// More are several statements, between which clicks come first; with as many, the statements' own cost
/// is not seen any more.
const MESSAGES_A_STATEMENT: usize = 500;

/// A call on its way, with what was drawn for it.
pub(super) struct PendingSend {
    pub(super) call: SendCall,
    /// The URLs of each message.
    pub(super) found: Vec<Vec<FoundUrl>>,
    /// None for a message of an unknown campaign; none at all before the first attempt.
    pub(super) rendered: Option<Vec<Option<RenderedMessage>>>,
}

impl PendingSend {
    /// Finds the URLs: the writer need not.
    pub(super) fn new(call: SendCall) -> Self {
        let urls = |message: &super::super::facts::NewMessage| {
            if message.shorten_urls {
                link::find(&message.body)
            } else {
                Vec::new()
            }
        };
        Self {
            found: call.messages.iter().map(urls).collect(),
            call,
            rendered: None,
        }
    }
}

/// Writes messages with their links, events and stored answers.
#[derive(Clone)]
pub(super) struct Sends {
    renderer: Renderer,
    personal_data: PersonalData,
    /// Where new links are kept for their visitors.
    known_links: KnownLinks,
    /// Whom it gives way to.
    clicks: Option<InLane>,
}

impl Sends {
    pub(super) fn new(settings: &RecorderSettings) -> Self {
        Self {
            renderer: Renderer::new(settings),
            personal_data: settings.personal_data,
            known_links: settings.known_links.clone(),
            clicks: None,
        }
    }

    /// The same, with pauses while this lane has clicks.
    pub(super) fn giving_way_to(&self, clicks: InLane) -> Self {
        Self {
            clicks: Some(clicks),
            ..self.clone()
        }
    }

    /// Writes what was not answered before, and returns the outcomes of every message by id.
    fn insert(
        &self,
        conn: &mut PgConnection,
        messages: &[&RenderedMessage],
        give_way: &mut GiveWay<'_>,
    ) -> QueryResult<HashMap<Uuid, bool>> {
        let mut outcomes = HashMap::with_capacity(messages.len());
        for piece in messages.chunks(MESSAGES_A_STATEMENT) {
            if !outcomes.is_empty() {
                give_way.pause();
            }
            let opted_out = opted_out(conn, piece)?;
            let suppressed = |message: &RenderedMessage| {
                opted_out.contains(&(message.subscriber_id, message.new.from.as_str().to_owned()))
            };
            let written = rows::insert(conn, piece, suppressed, self.personal_data)?;
            outcomes.extend(written);
        }
        Ok(outcomes)
    }

    /// Keeps the links of the messages that were written. Only after the commit: nobody may be led by a
    /// link that is not in the ledger.
    fn keep_links(&self, items: &[PendingSend], suppressed: &HashMap<Uuid, bool>) {
        let messages = items
            .iter()
            .flat_map(|item| item.rendered.iter().flatten().flatten());
        for message in messages.filter(|message| suppressed.get(&message.new.id) == Some(&false)) {
            for link in rows::targets(message) {
                self.known_links.keep(&link);
            }
        }
    }
}

impl Work for Sends {
    type Item = PendingSend;
    type Reply = SendReply;
    const AFTER_REPLIES: bool = true;

    /// Its messages, or its links if they are more: these take as much memory.
    fn rows(item: &PendingSend) -> usize {
        let links = item.found.iter().map(Vec::len).sum();
        item.call.messages.len().max(links)
    }

    fn write(
        &self,
        conn: &mut PgConnection,
        items: &mut [PendingSend],
    ) -> QueryResult<Vec<Result<SendReply, RecordError>>> {
        let mut give_way = GiveWay::to(self.clicks.as_ref());
        self.renderer.render(conn, items, &mut give_way)?;
        let (replies, suppressed) = commit::transaction(conn, |conn| {
            let claims = idempotency::claim(conn, items)?;
            let fresh = || {
                items
                    .iter()
                    .zip(&claims)
                    .filter(|(_, claim)| matches!(claim, Claim::Fresh))
            };
            let messages: Vec<&RenderedMessage> = fresh()
                .flat_map(|(item, _)| item.rendered.iter().flatten().flatten())
                .collect();
            let suppressed = self.insert(conn, &messages, &mut give_way)?;
            let replies: Vec<_> = items
                .iter()
                .zip(claims)
                .map(|(item, claim)| claim.into_reply(|| reply(item, &suppressed)))
                .collect();
            idempotency::store(conn, items, &replies)?;
            Ok((idempotency::share(items, replies), suppressed))
        })?;
        self.keep_links(items, &suppressed);
        Ok(replies)
    }
}

/// The pairs of subscriber and sender among these messages that are opted out, by a wish about the
/// sender or about everyone. The statement's snapshot is taken after the call came in, so it sees
/// every opt-out that was answered before, on whichever server.
fn opted_out(
    conn: &mut PgConnection,
    messages: &[&RenderedMessage],
) -> QueryResult<HashSet<(Uuid, String)>> {
    #[derive(QueryableByName)]
    struct Pair {
        #[diesel(sql_type = SqlUuid)]
        subscriber_id: Uuid,
        #[diesel(sql_type = Text)]
        sender: String,
    }
    if messages.is_empty() {
        return Ok(HashSet::new());
    }
    let subscribers: Vec<Uuid> = messages
        .iter()
        .map(|message| message.subscriber_id)
        .collect();
    let senders: Vec<&str> = messages
        .iter()
        .map(|message| message.new.from.as_str())
        .collect();
    let pairs: Vec<Pair> = prepared(include_str!("sql/opted_out.sql"))
        .bind::<Array<SqlUuid>, _>(subscribers)
        .bind::<Array<Text>, _>(senders)
        .load(conn)?;
    Ok(pairs
        .into_iter()
        .map(|pair| (pair.subscriber_id, pair.sender))
        .collect())
}

/// The answer to a call, from what became of its messages.
fn reply(item: &PendingSend, suppressed: &HashMap<Uuid, bool>) -> SendReply {
    let outcomes: Vec<SendOutcome> = item
        .rendered
        .iter()
        .flatten()
        .map(|message| match message {
            None => SendOutcome::UnknownCampaign,
            Some(message) if suppressed.get(&message.new.id) == Some(&true) => {
                SendOutcome::Suppressed { id: message.new.id }
            }
            Some(message) => SendOutcome::Recorded(recorded(message)),
        })
        .collect();
    SendReply {
        answer: (item.call.answer)(&outcomes),
        replayed: false,
    }
}

fn recorded(message: &RenderedMessage) -> RecordedMessage {
    RecordedMessage {
        id: message.new.id,
        to: message.new.to.clone(),
        from: message.new.from.clone(),
        body: message.body.clone(),
        links: message
            .links
            .iter()
            .map(|link| link.shown.clone())
            .collect(),
        segmentation: message.segmentation,
        recorded_at: message.recorded_at,
    }
}
