//! The example chain's node, whose validators mix.
//!
//! - [`cli`]: the command line. [`command`]: does what it asks.
//! - [`chain_spec`]: the chains that it knows by name.
//! - [`operator_key`]: the key by which an operator registers.
//! - [`preflight`]: what is checked before a node starts.
//! - [`components`]: what is built before the network.
//! - [`service`]: the node, put together. The mixnet is a few lines of it.
//! - [`rpc`]: the RPC methods of its own.

// The sizes of `sc_cli::Error` and `sc_service::Error` are the SDK's choice.
#![allow(clippy::result_large_err)]

mod chain_spec;
mod cli;
mod command;
mod components;
mod operator_key;
mod preflight;
mod rpc;
mod service;

use std::process::ExitCode;

fn main() -> ExitCode {
	match command::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			// In words for people. If `main` returned the error, it would be shown with Rust's names.
			eprintln!("Error: {error}");
			ExitCode::FAILURE
		},
	}
}
