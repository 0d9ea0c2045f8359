//! What is done for each fact and asks nobody: no disk, no network, no clock. `scripts/bench micro`.
//!
//! A turn goes once through a list of inputs that differ as those of a day differ, so that no branch
//! and no cache sees the same one twice in a row. Figures are told by item, and by byte where there is
//! a text to read or to write.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

mod clicks;
mod codes;
mod drawn;
mod lines;
mod numbers;
mod statuses;
mod texts;
mod webhooks;

/// A benchmark, of a topic: each turn does `run` with every input. `size` is an input's bytes, if they count.
fn each<T, R>(
    criterion: &mut Criterion,
    [topic, name]: [&str; 2],
    inputs: &[T],
    size: Option<fn(&T) -> usize>,
    mut run: impl FnMut(&T) -> R,
) {
    let elements = inputs.len() as u64;
    let mut group = criterion.benchmark_group(topic);
    group.throughput(match size {
        None => Throughput::Elements(elements),
        Some(size) => Throughput::ElementsAndBytes {
            elements,
            bytes: inputs.iter().map(|input| size(input) as u64).sum(),
        },
    });
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            for input in inputs {
                black_box(run(black_box(input)));
            }
        });
    });
    group.finish();
}

/// Seconds that are enough for a spread of some percent, on a machine that does nothing else.
fn measured() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
}

criterion_group! {
    name = hot_paths;
    config = measured();
    targets = codes::codes, numbers::numbers, texts::texts, clicks::clicks, statuses::statuses,
        lines::lines, webhooks::webhooks
}
criterion_main!(hot_paths);
