//! Judgements of visitors by their agent, kept in memory: phones of one model name themselves alike, and
//! reading an agent's words takes longer than all else that a redirect does here.

use crate::domain::click::{self, Judgement, Visit};
use moka::sync::Cache;

/// The most agents kept; each is cut to [`super::redirect::AGENT_LIMIT`] bytes.
const AGENTS: u64 = 10_000;

/// See the module.
#[derive(Clone)]
pub(super) struct Judgements {
    known: Cache<String, Judgement>,
}

impl Judgements {
    /// None is known yet.
    pub(super) fn new() -> Self {
        Self {
            known: Cache::new(AGENTS),
        }
    }

    /// The judgement of a visit. One with a purpose header, which is rare, is judged anew.
    pub(super) fn of(&self, visit: &Visit<'_>) -> Judgement {
        let (Some(agent), None) = (visit.user_agent, visit.purpose) else {
            return click::judge(visit);
        };
        self.known.get(agent).unwrap_or_else(|| {
            let judgement = click::judge(visit);
            self.known.insert(agent.to_owned(), judgement.clone());
            judgement
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::click::Verdict;

    #[test]
    fn a_visit_is_judged_alike_whoever_came_before() {
        let judgements = Judgements::new();
        let phone = Visit {
            user_agent: Some("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Safari/604.1"),
            purpose: None,
        };
        let prefetch = Visit {
            purpose: Some("prefetch"),
            ..phone
        };
        let machine = Visit {
            user_agent: Some("curl/8.5"),
            ..phone
        };
        for _ in 0..2 {
            assert_eq!(judgements.of(&phone), click::judge(&phone));
            assert_eq!(judgements.of(&prefetch).verdict, Verdict::Bot);
            assert_eq!(judgements.of(&machine).verdict, Verdict::Bot);
            assert_eq!(judgements.of(&Visit::default()).verdict, Verdict::Suspect);
        }
    }
}
