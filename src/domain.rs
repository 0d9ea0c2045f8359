//! Parsed values and pure rules: no I/O, no clock, no database. What is constructed here is valid.

pub mod click;
pub mod link;
pub mod opt_out;
pub mod part;
pub mod phone;
pub mod route;
pub mod short_code;
pub mod sms;
pub mod status;
pub mod text;
pub mod window;
