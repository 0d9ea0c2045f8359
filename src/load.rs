//! load: see the design.
