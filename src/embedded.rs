//! embedded: see the design.
