//! Metrics of this thread, read by tests.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use std::{fmt::Debug, str::FromStr};

/// Takes what this thread measures, for as long as it lives.
pub(crate) struct Read {
    handle: PrometheusHandle,
    _guard: metrics::LocalRecorderGuard<'static>,
}

impl Read {
    /// From now on. The recorder is leaked: a guard borrows it, and a test ends soon.
    pub(crate) fn here() -> Self {
        let recorder: &'static PrometheusRecorder =
            Box::leak(Box::new(PrometheusBuilder::new().build_recorder()));
        Self {
            handle: recorder.handle(),
            _guard: metrics::set_default_local_recorder(recorder),
        }
    }

    /// The value of a gauge with a label, as `half="ledger_lake"`.
    pub(crate) fn gauge<T: FromStr<Err: Debug>>(&self, name: &str, label: &str) -> T {
        let (shown, start) = (self.handle.render(), format!("{name}{{{label}}} "));
        let line = shown.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("no {start} in\n{shown}"))
            .parse()
            .unwrap()
    }
}
