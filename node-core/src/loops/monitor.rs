//! One session's loops, from sending to judgement.

use super::{
	connections::Connections,
	evidence::{threshold, Evidence, ALTERNATIVES},
	ledger::{DueLoop, Ledger, ReturnedLoop},
	network_delay::NetworkDelay,
	report::{Alarm, LinkScore, LoopReport, LossEstimate, MixnodeScore, RoundTrips},
	slowness::Slowness,
	suspicion::{Suspect, Suspicion},
};
use crate::{
	bytes::sum,
	parameters::ParametersExt,
	sphinx::{CoverId, MAX_HOPS},
	time::Time,
	topology::{RouteKind, Topology},
	Config, MixnodeIndex, Parameters, SessionIndex,
};
use alloc::vec::Vec;
use core::time::Duration;
use rand_core::RngCore;

pub(crate) use super::ledger::SentLoop;

/// The most loops out at a time, whatever configuration and parameters say.
const MAX_OUT: usize = 1 << 14;

/// The losses that are weighed as alternatives to one below the bound: `bound + (1 - bound) * share`. They stand for slow
/// leaks, half of all, and nearly all.
pub(super) const LOSS_ALTERNATIVES: [f64; ALTERNATIVES] = [0.2, 0.5, 0.9];

/// The loops of one session. Lives as long as the session.
#[derive(Debug)]
pub(crate) struct LoopMonitor {
	/// Losses of loops that were sent before are no evidence: others may not know the session yet.
	settled_at: Time,
	mean_forwarding_delay: Duration,
	is_mixnode: bool,
	ledger: Ledger,
	sent: u64,
	returned: u64,
	late: u64,
	/// Loops whose deadline passed before they came back, late ones included.
	overdue: u64,
	judged: u64,
	unjudged: u64,
	round_trips: RoundTrips,
	/// Log likelihood ratios of a loop that is lost, and of a loop that is not.
	if_lost: [f64; ALTERNATIVES],
	if_returned: [f64; ALTERNATIVES],
	loss: Evidence,
	slowness: Slowness,
	suspicion: Suspicion,
	connections: Connections,
}

impl LoopMonitor {
	/// The most bytes of heap that the loops of one session take.
	pub fn max_bytes(config: &Config, parameters: &Parameters, is_mixnode: bool, num_mixnodes: usize) -> usize {
		let longest_route = MAX_HOPS + config.gateways;
		sum([
			Ledger::max_bytes(capacity(config, parameters, is_mixnode), longest_route),
			Suspicion::max_bytes(num_mixnodes),
		])
	}

	/// Of a session whose mixnodes become known now.
	pub fn new(now: Time, config: &Config, parameters: &Parameters, is_mixnode: bool, num_mixnodes: usize) -> Self {
		let bound = config.loops.max_loss;
		let alternatives = LOSS_ALTERNATIVES.map(|share| bound + (1.0 - bound) * share);
		let if_lost = alternatives.map(|loss| libm::log(loss / bound));
		let if_returned = alternatives.map(|loss| libm::log((1.0 - loss) / (1.0 - bound)));
		Self {
			settled_at: now + config.loops.settling,
			mean_forwarding_delay: parameters.mean_forwarding_delay(),
			is_mixnode,
			ledger: Ledger::new(capacity(config, parameters, is_mixnode)),
			sent: 0,
			returned: 0,
			late: 0,
			overdue: 0,
			judged: 0,
			unjudged: 0,
			round_trips: RoundTrips::EMPTY,
			if_lost,
			if_returned,
			loss: Evidence::default(),
			slowness: Slowness::new(if_lost, if_returned),
			suspicion: Suspicion::new(num_mixnodes),
			connections: Connections::new(config.loops.max_disconnected),
		}
	}

	/// From now on, so many of the peers that the session needs are connected. Call [`judge`](Self::judge) before.
	pub fn set_connected(&mut self, connected: usize, wanted: usize) {
		self.connections.set(connected, wanted);
	}

	/// What [`set_connected`](Self::set_connected) has told.
	#[cfg(test)]
	pub fn connected(&self) -> (usize, usize) {
		(self.connections.connected(), self.connections.wanted())
	}

	/// Takes note that a loop was sent.
	pub fn sent(&mut self, id: CoverId, mut sent: SentLoop) {
		self.sent += 1;
		sent.weighs &= sent.sent_at >= self.settled_at;
		if !self.ledger.insert(id, sent) {
			self.unjudged += 1;
		}
	}

	/// Takes note that a loop came back. `None` if we do not wait for it. `network` says whether it is slow.
	pub fn returned(&mut self, now: Time, id: &CoverId, network: &NetworkDelay) -> Option<ReturnedLoop> {
		let longest = |links| network.longest(links, self.mean_forwarding_delay);
		let returned = self.ledger.returned(now, id, longest)?;
		self.round_trips.add(returned.round_trip);
		if returned.slow {
			self.slowness.count();
		}
		if returned.late {
			self.late += 1;
		} else {
			self.returned += 1;
		}
		Some(returned)
	}

	/// Judges the loops whose deadline has passed, and the connections. Returns how many loops are overdue.
	///
	/// Losses and lost connections are evidence if `weigh` is set; otherwise losses are only counted.
	pub fn judge<R: RngCore + ?Sized>(
		&mut self,
		now: Time,
		rng: &mut R,
		topology: &Topology,
		hops: usize,
		weigh: bool,
		mut alarm: impl FnMut(Alarm),
	) -> u64 {
		if !weigh {
			self.connections.forget();
		} else if self.connections.advance(now) {
			let (connected, wanted) = (self.connections.connected(), self.connections.wanted());
			alarm(Alarm::Disconnected { connected, wanted });
		}
		let mut overdue = 0;
		while let Some(due) = self.ledger.pop_due(now) {
			let DueLoop { sent, returned, .. } = &due;
			let returned = *returned;
			self.judged += 1;
			overdue += u64::from(!returned);
			self.overdue += u64::from(!returned);
			if !weigh || !sent.weighs {
				continue;
			}
			self.suspicion.count(&sent.route, !returned);
			let log_ratios = if returned { self.if_returned } else { self.if_lost };
			if self.loss.add(log_ratios, threshold(1)) {
				alarm(Alarm::Loss { overdue: LossEstimate::new(self.overdue, self.judged) });
			}
			// A user's line may be full for minutes, and nobody hides behind a user's packets.
			if self.is_mixnode && self.slowness.weigh(&due) {
				alarm(Alarm::Slow { slow: self.slowness.estimate(self.returned) });
			}
			if !returned {
				let mut suspects = Vec::new();
				let draw = |rng: &mut R| draw_route(rng, topology, &sent.connected_gateways, hops).unwrap_or_default();
				let has_gateways = !topology.is_mixnode();
				self.suspicion.weigh_lost(rng, &sent.route, has_gateways, draw, |suspect| suspects.push(suspect));
				let found = suspects.into_iter().filter_map(|suspect| match suspect {
					Suspect::Mixnode(index) => {
						self.mixnode_scores(topology).find(|found| found.mixnode == index).map(Alarm::Mixnode)
					},
					Suspect::Link(link) => {
						self.link_scores().find(|found| (found.from, found.to) == link).map(Alarm::Link)
					},
				});
				found.for_each(&mut alarm);
			}
		}
		overdue
	}

	/// Stops waiting for the loops that are out, and counts no time without connections. The driver slept, so neither would say
	/// anything of the mixnet.
	pub fn forget(&mut self) {
		self.unjudged += self.ledger.forget();
		self.connections.forget();
	}

	fn loss_estimate(&self) -> Option<LossEstimate> {
		LossEstimate::new(self.overdue - self.late, self.judged)
	}

	pub fn report(&self, session: SessionIndex, topology: &Topology) -> LoopReport {
		LoopReport {
			session,
			sent: self.sent,
			returned: self.returned,
			slow: self.slowness.slow(),
			late: self.late,
			lost: self.overdue - self.late,
			out: self.ledger.missing() as u64,
			unjudged: self.unjudged,
			round_trips: self.round_trips.clone(),
			loss: self.loss_estimate(),
			loss_alarm: self.loss.alarmed(),
			slow_alarm: self.slowness.alarmed(),
			disconnected_alarm: self.connections.alarmed(),
			mixnodes: self.mixnode_scores(topology).collect(),
			links: self.link_scores().collect(),
		}
	}

	fn mixnode_scores<'a>(&'a self, topology: &'a Topology) -> impl Iterator<Item = MixnodeScore> + 'a {
		self.suspicion.mixnodes().filter_map(|(mixnode, tally)| {
			let peer_id = topology.mixnode_peer_id(mixnode)?;
			let score = tally.score();
			let neighbours = if score.suspected { self.suspicion.few_neighbours(mixnode) } else { Vec::new() };
			Some(MixnodeScore { mixnode, peer_id, score, neighbours })
		})
	}

	fn link_scores(&self) -> impl Iterator<Item = LinkScore> + '_ {
		self.suspicion.links().map(|((from, to), tally)| LinkScore { from, to, score: tally.score() })
	}
}

/// A route that a loop may take: the mixnodes on it, without ourselves. `None` if there is no route.
fn draw_route<R: RngCore + ?Sized>(
	rng: &mut R,
	topology: &Topology,
	connected_gateways: &[MixnodeIndex],
	hops: usize,
) -> Option<Vec<MixnodeIndex>> {
	let mut route = topology.draw_path(rng, connected_gateways, RouteKind::Loop, hops).ok()?;
	route.retain(|index| Some(*index) != topology.local_index());
	Some(route)
}

/// The most loops to keep: 64, and twice the mean number that are out if each takes as long as a loop can.
fn capacity(config: &Config, parameters: &Parameters, is_mixnode: bool) -> usize {
	let delay = parameters.mean_forwarding_delay().as_secs_f64();
	let longest = f64::from(parameters.hops) * (10.0 * delay + config.per_hop_network_delay.as_secs_f64());
	let per_second = parameters.loop_cover_proportion() / parameters.authoring(is_mixnode).mean_period.as_secs_f64();
	// The cast saturates.
	(2.0 * longest * per_second + 64.0).min(MAX_OUT as f64) as usize
}
