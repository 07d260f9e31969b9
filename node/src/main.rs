//! The example chain's node, whose validators mix.
//!
//! - [`cli`]: what can be asked of it.
//! - [`command`]: doing what was asked.
//! - [`chain_spec`]: the chains that it knows by name.
//! - [`operator_key`]: the key by which an operator registers.
//! - [`preflight`]: what is checked before a node starts.
//! - [`parts`]: what is built before the network.
//! - [`service`]: the node, put together; the mixnet is a few lines of it.
//! - [`rpc`]: what it answers.
//! - [`devnet`]: a whole network of it on this machine.

// The sizes of `sc_cli::Error` and `sc_service::Error` are the SDK's choice.
#![allow(clippy::result_large_err)]

mod chain_spec;
mod cli;
mod command;
mod devnet;
mod operator_key;
mod parts;
mod preflight;
mod rpc;
mod service;

use std::process::ExitCode;

fn main() -> ExitCode {
	devnet::follow_parent();
	match command::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			// As people read it; returned from `main`, it would be shown as programmers do.
			eprintln!("Error: {error}");
			ExitCode::FAILURE
		},
	}
}
