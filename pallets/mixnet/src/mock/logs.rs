//! What the pallet logs.

use crate::LOG_TARGET;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::{cell::RefCell, sync::Once};

thread_local! {
	static LOGGED: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the pallet's errors and warnings, for each thread and so for each test.
struct Keeper;

impl Log for Keeper {
	fn enabled(&self, metadata: &Metadata) -> bool {
		metadata.target() == LOG_TARGET && metadata.level() <= Level::Warn
	}

	fn log(&self, record: &Record) {
		if self.enabled(record.metadata()) {
			LOGGED.with_borrow_mut(|logged| logged.push((record.level(), record.args().to_string())));
		}
	}

	fn flush(&self) {}
}

/// Runs `steps`, and returns the errors and warnings that the pallet has logged meanwhile.
pub fn logged_by(steps: impl FnOnce()) -> Vec<(Level, String)> {
	static INSTALLED: Once = Once::new();
	INSTALLED.call_once(|| {
		log::set_logger(&Keeper).expect("nobody else sets a logger");
		log::set_max_level(LevelFilter::Warn);
	});
	LOGGED.take();
	steps();
	LOGGED.take()
}
