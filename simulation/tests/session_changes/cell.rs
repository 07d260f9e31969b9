//! One change: requests are posted in one phase, the chain moves to another, and all requests are followed to their end.
//!
//! Three nodes are always mixnodes, two are in turn, and one is always a user. One of each kind posts.

use mixnet_node_core::{
	Config, DropReason, MixnodesError, RelativeSession, RequestId, SessionIndex, SessionPhase, SessionStatus,
};
use mixnet_simulation::{answer, fast_config, News, World};
use std::{collections::BTreeSet, ops::AddAssign, time::Duration};

const SECOND: Duration = Duration::from_secs(1);

/// The current session when requests are posted.
pub const SESSION: SessionIndex = 2;

/// How much later some nodes learn of the change in [`Way::Skewed`].
const BEHIND: Duration = Duration::from_secs(10);

const NODES: usize = 6;
/// A mixnode in even sessions.
const IN_EVEN: usize = 0;
/// A mixnode in odd sessions.
const IN_ODD: usize = 1;
/// Mixnodes in all sessions.
const ALWAYS: [usize; 3] = [2, 3, 4];
const USER: usize = 5;

const POSTERS: [usize; 4] = [IN_EVEN, IN_ODD, ALWAYS[0], USER];

/// How the nodes learn of the change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
	/// All nodes at the same time.
	AtOnce,
	/// Nodes learn of the change up to five seconds apart; a mixnode and the user first learn of the phase before, and
	/// are [`BEHIND`].
	Skewed,
	/// All at once, but packets take one to four seconds per hop, before the change and after it.
	Late,
	/// All at once, but nodes learn of new sessions' mixnodes only 10 to 30 seconds later.
	Unknown,
	/// All at once, but too few have registered for the new sessions.
	Resting,
	/// Mixnodes follow from session to session. Of the posters, all but one are told of the last session only.
	SkippedBySome,
}

impl Way {
	/// All requests end within this time of the change.
	fn bound(self) -> Duration {
		match self {
			// Requests of a closed session start anew, or fail, at once. A retry timer takes longer than this with the
			// configuration below, so none is waited for.
			Self::AtOnce | Self::Resting | Self::SkippedBySome => 20 * SECOND,
			// Half a minute of waiting for a session's mixnodes, and three attempts.
			Self::Skewed | Self::Late | Self::Unknown => 120 * SECOND,
		}
	}
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
	pub way: Way,
	/// The phase of [`SESSION`] in which requests are posted.
	pub from: SessionPhase,
	pub to: SessionStatus,
}

/// How many requests were answered and failed, and how long after the change the last one ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
	pub answered: usize,
	pub failed: usize,
	pub longest: Duration,
}

impl AddAssign for Outcome {
	fn add_assign(&mut self, other: Self) {
		self.answered += other.answered;
		self.failed += other.failed;
		self.longest = self.longest.max(other.longest);
	}
}

/// A low rate and little loop cover, since hundreds of changes are run. The retry timer assumes full queues, so they are
/// short enough for it to end in half a minute. Half of a mixnode's ticks for drop cover are for requests.
fn config() -> Config {
	let mut config = fast_config();
	config.parameters.hops = 3;
	config.parameters.loop_cover_permille = 50;
	config.parameters.mixnode_mean_period_ms = 125;
	config.parameters.mixnode_queue_capacity = 40;
	config.parameters.non_mixnode_mean_period_ms = 350;
	config.parameters.non_mixnode_queue_capacity = 16;
	config
}

fn mixnodes_of(session: SessionIndex) -> impl Iterator<Item = usize> {
	ALWAYS.into_iter().chain([[IN_EVEN, IN_ODD][session as usize % 2]])
}

fn resting() -> MixnodesError {
	MixnodesError::InsufficientRegistrations { num: 1, min: 3 }
}

/// A request that was posted, and its data.
struct Posted {
	node: usize,
	id: RequestId,
	data: Vec<u8>,
}

/// Runs the change, and checks everything.
pub fn run(change: Change) -> Outcome {
	let seed = 100 * u64::from(change.to.current_index) + 10 * change.from as u64 + change.to.phase as u64;
	let mut world = World::new(seed, NODES, |_| config());
	let mut patience = 1;
	if change.way == Way::Late {
		world.faults().latency = SECOND;
		world.faults().jitter = 3 * SECOND;
		patience = 5;
	}
	let [previous, current] = [SESSION - 1, SESSION].map(|session| mixnodes_of(session).collect::<Vec<_>>());
	world.begin(&previous, &current, change.from);
	register_for_next_sessions(&mut world, change);
	world.run(SECOND);

	// Some are being answered, some are on their way in several fragments, and some wait to be sent. Each node has room
	// for all of them.
	let mut posted = Vec::new();
	for (round, (len, wait)) in [(100, 1200), (2500, 300), (50, 0)].into_iter().enumerate() {
		for node in POSTERS {
			let data: Vec<_> = (0..len).map(|index| (index + 50 * node + round) as u8).collect();
			posted.push(Posted { node, id: world.post(node, data.clone(), 2), data });
		}
		world.run(patience * Duration::from_millis(wait));
	}
	let in_flight: u64 = POSTERS.iter().map(|node| world.nodes[*node].mixnet.statistics().requests_pending).sum();
	assert!(in_flight >= 4, "{change:?}: only {in_flight} requests are in flight");
	let started = world.now();

	move_on(&mut world, change);
	world.run_until(change.way.bound(), |world| posted.iter().all(|request| has_ended(world, request)));
	let outcome = check_ends(&world, change, &posted, world.now() - started);
	// Replies to later copies of answered requests are still sent.
	let is_quiet = |world: &World| {
		world.nodes.iter().all(|node| {
			let statistics = node.mixnet.statistics();
			(statistics.previous_authored_queue_len, statistics.current_authored_queue_len) == (0, 0)
		})
	};
	let everybody_knows = started + if change.way == Way::Skewed { BEHIND } else { Duration::ZERO };
	world.run((everybody_knows - world.now()).max(2 * SECOND));
	assert!(world.run_until(60 * SECOND, is_quiet), "{change:?}: packets wait without end");
	check_rest(&world, change, &posted);
	outcome
}

fn register_for_next_sessions(world: &mut World, change: Change) {
	match change.way {
		Way::Resting => {
			world.chain.mixnodes.insert(SESSION + 1, Err(resting()));
		},
		_ => world.register(mixnodes_of(SESSION + 1)),
	}
	// Nobody can register for the session after the next one, unless the next one begins first.
	world.chain.mixnodes.insert(SESSION + 2, Err(resting()));
}

fn move_on(world: &mut World, change: Change) {
	let to = change.to;
	match change.way {
		Way::AtOnce | Way::Late | Way::Resting => world.set_status(to.current_index, to.phase),
		Way::Skewed => {
			for (place, node) in [2, 1, 4, 0, 3, 5].into_iter().enumerate() {
				let mut time = place as u32 * SECOND;
				if node == ALWAYS[1] || node == USER {
					if let Some(before) = phase_before(to, change.from) {
						tell(world, time, node, before);
					}
					time = BEHIND;
				}
				tell(world, time, node, to);
			}
		},
		Way::Unknown => {
			for node in 0..NODES {
				world.tell_after(Duration::ZERO, node, News::Status(to));
				world.tell_after((10 + 4 * node as u32) * SECOND, node, News::Mixnodes);
			}
		},
		Way::SkippedBySome => {
			for node in ALWAYS {
				tell(world, Duration::ZERO, node, status(SESSION + 1, SessionPhase::CoverToCurrent));
			}
			world.run(SECOND);
			world.register(ALWAYS);
			world.set_status(to.current_index, to.phase);
		},
	}
}

fn status(current_index: SessionIndex, phase: SessionPhase) -> SessionStatus {
	SessionStatus { current_index, phase }
}

fn tell(world: &mut World, time: Duration, node: usize, status: SessionStatus) {
	world.tell_after(time, node, News::Status(status));
	world.tell_after(time, node, News::Mixnodes);
}

/// The phase before `to`, if it comes after the one in which requests are posted.
fn phase_before(to: SessionStatus, from: SessionPhase) -> Option<SessionStatus> {
	let before = match (to.phase as usize).checked_sub(1) {
		Some(phase) => status(to.current_index, SessionPhase::ALL[phase]),
		None => status(to.current_index - 1, SessionPhase::DisconnectFromPrev),
	};
	((before.current_index, before.phase) > (SESSION, from)).then_some(before)
}

/// The sessions that have not ended.
fn live(status: SessionStatus) -> BTreeSet<SessionIndex> {
	let is_live = |relative: &RelativeSession| *relative == RelativeSession::Current || status.phase.needs_previous();
	RelativeSession::BOTH
		.into_iter()
		.filter(is_live)
		.filter_map(|relative| relative.index(status.current_index))
		.collect()
}

/// The sessions that take requests.
fn open(status: SessionStatus) -> BTreeSet<SessionIndex> {
	RelativeSession::BOTH
		.into_iter()
		.filter(|relative| status.phase.allows_requests(*relative))
		.filter_map(|relative| relative.index(status.current_index))
		.collect()
}

fn has_ended(world: &World, Posted { node, id, .. }: &Posted) -> bool {
	world.nodes[*node].has_ended(id)
}

/// Checks that every request has ended once: with the right answer if, after the change, a session with mixnodes takes
/// requests; otherwise with an answer, or the error that the mixnet rests.
fn check_ends(world: &World, change: Change, posted: &[Posted], longest: Duration) -> Outcome {
	let must_be_answered =
		open(change.to).iter().any(|session| matches!(world.chain.mixnodes.get(session), Some(Ok(_))));
	let default = change.to.phase.default_session().index(change.to.current_index).unwrap();
	let resting = format!("the mixnet rests in session {default}: {}", resting());
	let mut outcome = Outcome { longest, ..Outcome::default() };
	for Posted { node, id, data } in posted {
		let what = format!("{change:?}, {id:?} of node {node}");
		match (world.nodes[*node].answered.get(id), world.nodes[*node].failed.get(id)) {
			(Some(reply), None) => {
				assert_eq!(*reply, answer(data), "{what}");
				outcome.answered += 1;
			},
			(None, Some(error)) => {
				assert!(!must_be_answered, "{what}: {error}");
				assert_eq!(*error, resting, "{what}");
				outcome.failed += 1;
			},
			(None, None) => panic!("{what} is still pending after {:?}", change.way.bound()),
			(Some(_), Some(_)) => panic!("{what} has ended twice"),
		}
	}
	outcome
}

/// Checks that nothing is left of the requests, and that the change explains every dropped packet.
fn check_rest(world: &World, change: Change, posted: &[Posted]) {
	for (index, node) in world.nodes.iter().enumerate() {
		let what = format!("{change:?}, node {index}");
		let statistics = node.mixnet.statistics();
		assert_eq!((statistics.requests_pending, statistics.surbs_kept), (0, 0), "{what}");
		let known: BTreeSet<_> = posted.iter().filter(|request| request.node == index).map(|it| it.id).collect();
		let ended: BTreeSet<_> = node.answered.keys().chain(node.failed.keys()).copied().collect();
		assert_eq!(ended, known, "{what}");
		for (reason, count) in statistics.drops() {
			assert!(count == 0 || explains(change, reason), "{what}: {count} dropped as {}", reason.name());
		}
	}
	let is_bad_mac = |reason| reason == DropReason::UnknownKey;
	let unexplained = world.dropped.iter().find(|drop| is_bad_mac(drop.reason) && drop.between_nodes_that_agree());
	assert!(unexplained.is_none(), "{change:?}: {unexplained:?}");
	if !nodes_disagree(change.way) {
		assert_eq!(world.unconnected, 0, "{change:?}: packets for peers that are not connected");
	}
}

/// Are nodes in different phases for some time?
fn nodes_disagree(way: Way) -> bool {
	matches!(way, Way::Skewed | Way::SkippedBySome)
}

fn explains(Change { way, from, to }: Change, reason: DropReason) -> bool {
	let before = status(SESSION, from);
	let a_session_ends = !live(before).is_subset(&live(to));
	let a_session_closes = !open(before).is_subset(&open(to));
	match reason {
		// Second copies of requests and replies.
		DropReason::RequestInProgress
		| DropReason::RequestInCooldown
		| DropReason::RepeatedFragment
		| DropReason::UnknownSurb => true,
		// Packets that waited or were in flight when their session closed or ended. Nodes ahead do not know the sessions of
		// nodes behind, and the other way round.
		DropReason::AuthoredSessionClosed => a_session_closes,
		DropReason::ReplyNotSent => a_session_closes || nodes_disagree(way),
		DropReason::ForwardSessionEnded => a_session_ends,
		DropReason::UnknownKey => a_session_ends || nodes_disagree(way) || way == Way::Unknown,
		_ => false,
	}
}
