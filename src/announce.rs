//! announce: see the design.
