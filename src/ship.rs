//! ship: see the design.
