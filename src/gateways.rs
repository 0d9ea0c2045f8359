//! gateways: see the design.
