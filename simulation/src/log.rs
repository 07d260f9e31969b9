//! What is logged, thread by thread: an error in the log fails the test.
//!
//! The core logs an error only where something is wrong with itself. A [`World`](crate::World) therefore looks here after
//! every step. Each test has a thread of its own, and so has its own records.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::{cell::RefCell, sync::Once};

#[derive(Default)]
struct Records {
	errors: Vec<String>,
	/// Everything with this target is kept in `kept`.
	target: Option<&'static str>,
	kept: Vec<String>,
}

thread_local! {
	static RECORDS: RefCell<Records> = RefCell::default();
}

struct Recorder;

impl Log for Recorder {
	fn enabled(&self, metadata: &Metadata) -> bool {
		metadata.level() == Level::Error
			|| RECORDS.with_borrow(|records| records.target.is_some_and(|target| target == metadata.target()))
	}

	fn log(&self, record: &Record) {
		if !self.enabled(record.metadata()) {
			return;
		}
		let words = record.args().to_string();
		RECORDS.with_borrow_mut(|records| {
			if record.level() == Level::Error {
				records.errors.push(format!("{}: {words}", record.target()));
			}
			// At level info, implementations tell of sessions only; of packets they tell at other levels.
			if records.target == Some(record.target()) && record.level() != Level::Info {
				records.kept.push(words);
			}
		});
	}

	fn flush(&self) {}
}

/// Records errors from now on. Every world calls this.
pub fn start() {
	static STARTED: Once = Once::new();
	STARTED.call_once(|| {
		log::set_logger(&Recorder).expect("no test sets another logger; qed");
		log::set_max_level(LevelFilter::Trace);
	});
	RECORDS.with_borrow_mut(|records| records.errors.clear());
}

/// Records everything with this target too, from now on.
pub fn keep(target: &'static str) {
	start();
	RECORDS.with_borrow_mut(|records| *records = Records { target: Some(target), ..Records::default() });
}

/// What was [kept](keep) since the last call.
pub fn take() -> Vec<String> {
	RECORDS.with_borrow_mut(|records| std::mem::take(&mut records.kept))
}

/// Fails if anything logged an error.
pub fn assert_no_errors() {
	RECORDS.with_borrow(|records| assert_eq!(records.errors, [""; 0], "errors were logged"));
}
