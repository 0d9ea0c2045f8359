//! From events in a lake to rows and reports, on a real DuckDB and a lake in memory.

mod bad_input;
mod lake;
mod numbers;
mod order;
mod running;
mod scene;
mod status;
