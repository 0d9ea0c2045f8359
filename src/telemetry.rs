//! telemetry: see the design.
