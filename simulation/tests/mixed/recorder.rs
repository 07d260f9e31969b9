//! What the reference logs: it tells in no other way why it refuses a packet.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::{cell::RefCell, sync::Once};

/// Log target of the reference's nodes; our own have another.
pub const TARGET: &str = "reference";

thread_local! {
	/// Every test has a thread of its own.
	static RECORDS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Recorder;

impl Log for Recorder {
	/// At level info it tells of sessions only, and packets are told of at debug and trace.
	fn enabled(&self, metadata: &Metadata) -> bool {
		metadata.target() == TARGET && metadata.level() != Level::Info
	}

	fn log(&self, record: &Record) {
		if self.enabled(record.metadata()) {
			RECORDS.with_borrow_mut(|records| records.push(record.args().to_string()));
		}
	}

	fn flush(&self) {}
}

/// Records from now on.
pub fn start() {
	static STARTED: Once = Once::new();
	STARTED.call_once(|| {
		log::set_logger(&Recorder).expect("nobody else sets a logger; qed");
		log::set_max_level(LevelFilter::Trace);
	});
	take();
}

/// What was recorded since [`start`] or the last call.
pub fn take() -> Vec<String> {
	RECORDS.take()
}
