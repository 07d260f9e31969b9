//! Where this crate's log messages go.

/// Target of this crate's log messages: `-l mixnet=debug` shows all of them.
pub const LOG_TARGET: &str = "mixnet";
