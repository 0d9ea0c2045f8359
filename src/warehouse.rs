//! warehouse: see the design.
