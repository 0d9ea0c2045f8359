//! The campaigns of a demo: what they say, from whom, and how people take it.

use super::chance::pick;
use rand::rngs::StdRng;

/// A kind of campaign.
#[derive(Debug)]
pub(super) struct CampaignType {
    /// The label by which campaigns are compared.
    pub(super) label: &'static str,
    /// What its campaigns are about; a campaign's name begins with it.
    pub(super) theme: &'static str,
    /// Who people see as the sender.
    pub(super) sender: &'static str,
    /// Bodies by weight.
    texts: &'static [(u32, Text)],
    /// Of 1,000 people who get a link, how many follow it.
    pub(super) follow: u32,
    /// Of 1,000 people, how many answer; 0 where the sender is a name that no one can write to.
    pub(super) answer: u32,
    /// Of 1,000 people, how many opt out.
    pub(super) opt_out: u32,
}

/// A body as the campaign tool writes it; `{link}` becomes a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text {
    /// The words.
    pub(super) words: &'static str,
    /// SMS segments that it takes, roughly: gateways report long ones segment by segment.
    pub(super) segments: u16,
}

impl Text {
    /// How many links it has.
    pub(super) fn links(self) -> usize {
        self.words.matches("{link}").count()
    }
}

const fn short(words: &'static str) -> Text {
    Text { words, segments: 1 }
}

const fn long(words: &'static str) -> Text {
    Text { words, segments: 2 }
}

/// One campaign of a run.
#[derive(Clone, Debug)]
pub(super) struct Campaign {
    /// Its name; no other run has one of that name.
    pub(super) name: String,
    /// What it is like.
    pub(super) campaign_type: &'static CampaignType,
}

impl Campaign {
    /// One of its bodies.
    pub(super) fn text(&self, rng: &mut StdRng) -> Text {
        pick(rng, self.campaign_type.texts)
    }
}

/// The campaigns of a run: the types in turn.
pub(super) fn of_run(run: &str, count: usize) -> Vec<Campaign> {
    TYPES
        .iter()
        .cycle()
        .take(count)
        .enumerate()
        .map(|(index, campaign_type)| Campaign {
            name: format!("{}-{run}-{}", campaign_type.theme, index + 1),
            campaign_type,
        })
        .collect()
}

static TYPES: [CampaignType; 5] = [
    CampaignType {
        label: "promotion",
        theme: "autumn-sale",
        sender: "80123",
        texts: &[
            (
                50,
                short("Autumn sale! 30% off all coats until Sunday: {link} Reply STOP to opt out"),
            ),
            (
                20,
                short("Nur bis Sonntag: 30 % auf alle Mäntel. {link} Abmelden mit STOP"),
            ),
            (15, short("🍂 -30 %: {link}, kaufen: {link}.")),
            (
                15,
                long(
                    "Our autumn sale has begun, and as a member you may look first: 30% off all coats, 20% off boots, and free delivery. Everything is here: {link} Shops near you: {link} Reply STOP to opt out.",
                ),
            ),
        ],
        follow: 160,
        answer: 15,
        opt_out: 22,
    },
    CampaignType {
        label: "reminder",
        theme: "appointments",
        sender: "+436641234567",
        texts: &[
            (
                60,
                short("Your appointment is tomorrow at 9:30. To move it: {link}"),
            ),
            (
                40,
                short("We expect you on Thursday at 14:00. Please bring your card."),
            ),
        ],
        follow: 70,
        answer: 60,
        opt_out: 4,
    },
    CampaignType {
        label: "one_time_code",
        theme: "sign-in",
        sender: "SHOPEX",
        texts: &[(100, short("481 516 is your code. Never tell it to anyone."))],
        follow: 0,
        answer: 0,
        opt_out: 0,
    },
    CampaignType {
        label: "notice",
        theme: "parcels",
        sender: "+12015550123",
        texts: &[
            (
                60,
                short("Your parcel is on its way and comes today: {link}"),
            ),
            (
                25,
                short("Colis livré aujourd'hui entre 14 h et 16 h. Suivi: {link}"),
            ),
            (15, short("Twoja przesyłka jest w drodze: {link}")),
        ],
        follow: 380,
        answer: 12,
        opt_out: 3,
    },
    CampaignType {
        label: "survey",
        theme: "how-was-it",
        sender: "70555",
        texts: &[
            (70, short("How was your visit? One minute helps us: {link}")),
            (
                30,
                short("How was your visit, from 1 to 5? Just reply to this message."),
            ),
        ],
        follow: 90,
        answer: 110,
        opt_out: 9,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn campaigns_take_turns_and_have_names_of_their_own() {
        let campaigns = of_run("x1", 7);
        let names: HashSet<_> = campaigns.iter().map(|campaign| &campaign.name).collect();
        assert_eq!(names.len(), 7);
        assert_eq!(
            campaigns[5].campaign_type.label,
            campaigns[0].campaign_type.label
        );
    }

    #[test]
    fn nobody_answers_a_sender_that_is_a_name() {
        for campaign_type in &TYPES {
            let is_number = campaign_type
                .sender
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b'+');
            assert!(is_number || campaign_type.answer + campaign_type.opt_out == 0);
        }
    }

    #[test]
    fn senders_are_senders() {
        for campaign_type in &TYPES {
            let sender = crate::domain::phone::Sender::parse(campaign_type.sender).unwrap();
            assert_eq!(sender.as_str(), campaign_type.sender);
        }
    }
}
