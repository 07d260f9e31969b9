//! What a person sees during a run: lines that change in place on a terminal, elsewhere a line now and then.

use crate::{
	chain::state::ChainState,
	job::{Observer, Snapshot},
	load::Load,
	network::node::Node,
};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use mixnet_service::status::Status;
use std::{
	io::IsTerminal,
	time::{Duration, Instant},
};

/// How often a line is printed where there is no terminal.
const LINE_PERIOD: Duration = Duration::from_secs(10);

/// Shows a run on the standard error stream.
pub enum View {
	/// On a terminal.
	Live(Live),
	/// Elsewhere, as in a log of CI.
	Lines {
		/// When the last line was printed, and what was awaited then.
		last: Option<(Instant, String)>,
	},
}

impl View {
	/// The view that fits the standard error stream.
	pub fn new() -> Self {
		if std::io::stderr().is_terminal() {
			Self::Live(Live::new())
		} else {
			Self::Lines { last: None }
		}
	}

	/// Removes what is of interest only during a run.
	pub fn clear(&mut self) {
		if let Self::Live(live) = self {
			live.clear();
		}
	}
}

impl Observer for View {
	fn show(&mut self, snapshot: Snapshot) {
		match self {
			Self::Live(live) => live.show(snapshot),
			Self::Lines { last } => {
				let now = Instant::now();
				let awaited = snapshot.awaited.map_or("", |awaited| awaited.what);
				// At once if something else is awaited now, else from time to time.
				if last.as_ref().is_some_and(|(at, what)| what == awaited && now.duration_since(*at) < LINE_PERIOD) {
					return;
				}
				*last = Some((now, awaited.into()));
				eprintln!("{}", line(snapshot));
			},
		}
	}

	fn say(&mut self, words: &str) {
		match self {
			Self::Live(live) => live.bars.suspend(|| eprintln!("{words}")),
			Self::Lines { .. } => eprintln!("{words}"),
		}
	}
}

/// A snapshot in one line.
fn line(Snapshot { awaited, chain, nodes, load }: Snapshot) -> String {
	let mut parts = Vec::new();
	if let Some(awaited) = awaited {
		parts.push(format!("{}: {}/{}", awaited.what, awaited.done, awaited.of));
	}
	parts.extend(chain.into_iter().flat_map(ChainState::lines));
	if let Some((_, statuses)) = nodes {
		let sum = |count: fn(&Status) -> u64| statuses.iter().map(count).sum::<u64>();
		parts.push(format!(
			"packets: {} sent, {} forwarded, {} dropped",
			sum(|status| status.counters.sent),
			sum(|status| status.counters.forwarded),
			sum(|status| status.counters.dropped),
		));
	}
	if let Some(load) = load {
		parts.push(format!(
			"transfers: {} of {} sent, {} answered, {} finalised",
			load.sent(),
			load.total(),
			load.num_answered(),
			load.num_finalised(),
		));
	}
	parts.join(" | ")
}

/// The view on a terminal: lines and bars that change in place.
pub struct Live {
	bars: MultiProgress,
	chain: [ProgressBar; 2],
	/// The table's head, then a line for each node.
	nodes: Vec<ProgressBar>,
	awaited: ProgressBar,
	/// Transfers sent, answered, finalised.
	transfers: Vec<ProgressBar>,
}

impl Live {
	fn new() -> Self {
		let bars = MultiProgress::new();
		let chain = [(); 2].map(|()| bars.add(text()));
		let awaited = bars.add(bar());
		Self { bars, chain, nodes: Vec::new(), awaited, transfers: Vec::new() }
	}

	fn show(&mut self, snapshot: Snapshot) {
		if let Some(awaited) = snapshot.awaited {
			self.awaited.set_length(awaited.of);
			self.awaited.set_position(awaited.done.min(awaited.of));
			self.awaited.set_message(awaited.what);
		}
		if let Some(chain) = snapshot.chain {
			for (line, words) in self.chain.iter().zip(chain.lines()) {
				line.set_message(words);
			}
		}
		if let Some((nodes, statuses)) = snapshot.nodes {
			self.show_nodes(nodes, statuses);
		}
		if let Some(load) = snapshot.load {
			self.show_load(load);
		}
	}

	fn show_nodes(&mut self, nodes: &[Node], statuses: &[Status]) {
		while self.nodes.len() <= nodes.len() {
			self.nodes.push(self.bars.insert_before(&self.awaited, text()));
		}
		let mut lines = self.nodes.iter();
		if let Some(head) = lines.next() {
			head.set_message(format!(
				"{:<12} {:<12} {:>6} {:>8} {:>9} {:>8} {:>7}",
				"node", "role", "peers", "sent", "forwarded", "dropped", "queued",
			));
		}
		for ((line, node), status) in lines.zip(nodes).zip(statuses) {
			line.set_message(format!(
				"{:<12} {:<12} {:>6} {:>8} {:>9} {:>8} {:>7}",
				node.name,
				status.role.current,
				status.peers.connected,
				status.counters.sent,
				status.counters.forwarded,
				status.counters.dropped,
				status.queues.forward,
			));
		}
	}

	fn show_load(&mut self, load: &Load) {
		let rows = [("sent", load.sent()), ("answered", load.num_answered()), ("finalised", load.num_finalised())];
		while self.transfers.len() < rows.len() {
			self.transfers.push(self.bars.add(bar()));
		}
		for (bar, (what, count)) in self.transfers.iter().zip(rows) {
			bar.set_length(load.total() as u64);
			bar.set_position(count as u64);
			bar.set_message(format!("transfers {what}"));
		}
	}

	fn clear(&mut self) {
		let transient = self.nodes.drain(..).chain(self.transfers.drain(..));
		for line in transient.chain(self.chain.iter().cloned()).chain([self.awaited.clone()]) {
			line.finish_and_clear();
			self.bars.remove(&line);
		}
	}
}

fn text() -> ProgressBar {
	ProgressBar::no_length()
		.with_style(ProgressStyle::with_template("{wide_msg}").expect("a fixed template is valid; qed"))
}

fn bar() -> ProgressBar {
	let style =
		ProgressStyle::with_template("[{bar:30}] {pos}/{len} {wide_msg}").expect("a fixed template is valid; qed");
	ProgressBar::new(1).with_style(style.progress_chars("=> "))
}
