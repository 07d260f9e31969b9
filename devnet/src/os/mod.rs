//! Processes, files, ports and signals of this machine. Nothing here knows of chains.
//!
//! - [`program`]: finds a program of this workspace, and refuses one that is older than its sources.
//! - [`command_line`]: a program and its arguments, as a shell takes them.
//! - [`child`]: a running node. [`watchdog`]: ends nodes that have lost their devnet.
//! - [`folder`]: where everything is kept.
//! - [`ports`]: ports that no other devnet uses.
//! - [`stop`]: signals that ask us to end.

pub mod child;
pub mod command_line;
pub mod folder;
pub mod ports;
pub mod program;
pub mod stop;
pub mod watchdog;
