//! Ship: committed events become log files in the lake.
//!
//! A look and four steps, each safe to repeat, so that a shipper killed between any two of them is resumed by
//! the next, or by another server's:
//!
//! 0. [`mod@epoch`]: is the ledger still the one that the lake knows? If not, a new epoch begins.
//! 1. [`seal`]: at each mark of the clock one small statement stores the window's snapshot.
//! 2. [`mod@write`]: the window's rows, which are a function of its seal, become compressed files.
//! 3. [`upload`]: the files are put under write-once keys, the manifest last.
//! 4. [`carry`]: the ledger notes the window as shipped. Later it is read back from the lake and
//!    noted as verified, and [`mod@count`] counts it anew in the ledger; [`reclaim`] truncates the
//!    outbox behind windows of which both hold.
//!
//! Sealing goes on while the lake is away: it has its own loop and its own connection. No lock and
//! no transaction spans a call to the lake.

mod carry;
mod count;
mod epoch;
mod error;
mod measure;
mod part;
mod reclaim;
mod room;
mod seal;
mod shipper;
mod standby;
mod upload;
mod verify;
mod write;

pub use carry::ShippedWindow;
pub use error::ShipError;
pub use room::Room;
pub use shipper::{ShipSettings, Shipper, TickReport};
pub use write::Packing;

#[cfg(test)]
mod tests;
