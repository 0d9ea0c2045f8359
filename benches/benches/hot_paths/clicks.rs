//! Visits: person or machine. The service keeps judgements by agent; this is what it does for one that
//! it does not know.

use crate::drawn;
use crate::each;
use criterion::Criterion;
use rand::seq::SliceRandom;
use textrail::domain::click::{Visit, judge};

/// The agents that the rules are tested with: people's and machines', in any order.
fn agents() -> Vec<&'static str> {
    let lists = [
        include_str!("../../../src/domain/click/people.txt"),
        include_str!("../../../src/domain/click/machines.txt"),
    ];
    let mut agents: Vec<&str> = lists
        .iter()
        .flat_map(|list| list.lines())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    agents.shuffle(&mut drawn::chance());
    agents
}

pub fn clicks(criterion: &mut Criterion) {
    let size = |agent: &&str| agent.len();
    each(
        criterion,
        ["visit", "judged"],
        &agents(),
        Some(size),
        |agent| {
            judge(&Visit {
                user_agent: Some(agent),
                purpose: None,
            })
        },
    );
}
