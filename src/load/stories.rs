//! Stories from events in a lake to rows and reports, on a real DuckDB and a lake in memory.

mod ahead;
mod copy;
mod corrections;
mod fold;
mod lake;
mod numbers;
mod order;
mod reprocess;
mod scene;
mod status;
mod tidy;
