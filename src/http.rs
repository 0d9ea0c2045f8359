//! http: see the design.
