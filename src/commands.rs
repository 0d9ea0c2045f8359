//! commands: see the design.
