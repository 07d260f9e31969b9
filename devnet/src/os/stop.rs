//! Signals that ask us to end.

use tokio::signal::unix::{signal, Signal, SignalKind};

/// Receives the signals that ask us to end. They do nothing else from then on.
pub struct StopSignal {
	interrupt: Signal,
	terminate: Signal,
	hang_up: Signal,
}

impl StopSignal {
	/// Starts to listen.
	pub fn listen() -> std::io::Result<Self> {
		Ok(Self {
			interrupt: signal(SignalKind::interrupt())?,
			terminate: signal(SignalKind::terminate())?,
			hang_up: signal(SignalKind::hangup())?,
		})
	}

	/// Waits for the next signal, and returns its name.
	pub async fn received(&mut self) -> &'static str {
		tokio::select! {
			_ = self.interrupt.recv() => "Ctrl-C",
			_ = self.terminate.recv() => "SIGTERM",
			_ = self.hang_up.recv() => "SIGHUP",
		}
	}
}
