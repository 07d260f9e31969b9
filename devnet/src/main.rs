//! Runs a network of the example chain's nodes on this machine; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
	match mixnet_devnet::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			// The chain of causes in one line.
			eprintln!("Error: {error:#}");
			ExitCode::FAILURE
		},
	}
}
