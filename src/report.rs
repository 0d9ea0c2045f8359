//! report: see the design.
