//! What the pallet logs.

use crate::LOG_TARGET;
use sp_tracing::{
	test_log_capture::init_log_capture,
	tracing::{subscriber::with_default, Level},
};

/// Runs `steps`, and returns the errors and warnings that the pallet has logged meanwhile, each with its level.
pub fn logged_by(steps: impl FnOnce()) -> Vec<(String, String)> {
	// Whoever comes first sets the logger for the whole process. It asks each thread's own subscriber.
	sp_tracing::try_init_simple();
	log::set_max_level(log::LevelFilter::Warn);
	let (capture, subscriber) = init_log_capture(Level::WARN, false);
	with_default(subscriber, steps);
	let target = format!(" {LOG_TARGET}: ");
	let logs = capture.get_logs();
	let logged = logs.lines().filter_map(|line| line.split_once(&target));
	logged.map(|(before, text)| (before.split(' ').next_back().unwrap_or_default().into(), text.into())).collect()
}
