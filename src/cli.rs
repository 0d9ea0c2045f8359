//! cli: see the design.
