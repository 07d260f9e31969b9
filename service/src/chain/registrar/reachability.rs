//! Whether others can reach this node: when it asks, whom, and what its operator is told.
//!
//! It asks when a session has begun, before it is its turn to register for the next one. Asking goes on beside all else, and
//! registering neither waits for it nor depends on it.

use super::journal::Note;
use crate::{
	chain::at_block::Registrations,
	config::Reach,
	log_target::LOG_TARGET,
	network::reachability::{
		asker::{ask_all, AskMixnode, Reachability, Reachable, Target, ASKED, PATIENCE},
		MAX_ADDRESSES,
	},
};
use futures::future::{pending, BoxFuture, FutureExt};
use log::Level;
use mixnet_node_core::ReservedPeer;
use mixnet_primitives::{PeerId, SessionIndex};
use rand_core::{OsRng, RngCore};
use sc_network_types::multiaddr::Multiaddr;
use sp_api::ApiError;
use std::{
	sync::{Arc, Mutex, PoisonError},
	time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// Most times that others are asked in one session.
const MAX_ROUNDS: u8 = 4;

/// Time until they are asked again if this node is not known to be reachable.
pub const PAUSE: Duration = Duration::from_secs(600);

/// For how long it counts that this node was reached, where sessions are shorter.
const LASTS: Duration = Duration::from_secs(3600);

/// What is needed to ask.
pub struct AskingParts {
	/// Asks a mixnode.
	pub asker: Arc<dyn AskMixnode>,
	/// Which hosts others will probably dial: those that this node dials.
	pub dialled: Reach,
	/// Where to say what came of it.
	pub told: watch::Sender<Reachability>,
}

/// The last time that others were asked.
struct Round {
	session: SessionIndex,
	/// How often they have been asked in this session, with this time.
	number: u8,
	targets: Vec<Target>,
	begun: Instant,
	reachable: Reachable,
}

/// Asks others, and remembers what came of it.
pub struct AskingOthers {
	parts: AskingParts,
	last: Option<Round>,
	/// The asking. It is in a mutex, which is never locked, because the registrar has to be `Sync` and a future is not.
	under_way: Mutex<Option<BoxFuture<'static, Reachable>>>,
	/// The session in which the operator was last told that this node cannot be reached, unless it has been reached since.
	warned: Option<SessionIndex>,
}

impl AskingOthers {
	/// Nobody was asked yet.
	pub fn new(parts: AskingParts) -> Self {
		Self { parts, last: None, under_way: Mutex::default(), warned: None }
	}

	/// Begins to ask, if it is time to. This node is about to register for the session `next`; `external` is what it knows of its
	/// addresses.
	pub fn look(
		&mut self,
		block: &impl Registrations,
		next: SessionIndex,
		external: &[Multiaddr],
		own: &PeerId,
		now: Instant,
	) {
		let mut targets: Vec<_> =
			external.iter().filter_map(|address| Target::of(address, self.parts.dialled)).collect();
		// The network tells them in any order.
		targets.sort();
		targets.dedup();
		targets.truncate(MAX_ADDRESSES);
		if targets.is_empty() || self.under_way().is_some() || !self.is_time(next, &targets, now) {
			return;
		}
		let mixnodes = match some_mixnodes(block, next, own) {
			Ok(mixnodes) => mixnodes,
			Err(error) => {
				log::debug!(target: LOG_TARGET, "Cannot find out whom to ask whether this node can be reached: {error}");
				return;
			},
		};
		let number = match &self.last {
			Some(last) if last.session == next => last.number + 1,
			_ => 1,
		};
		let AskingParts { asker, dialled, .. } = &self.parts;
		let asking = ask_all(asker.clone(), mixnodes, targets.clone(), *dialled, PATIENCE).boxed();
		*self.under_way() = Some(asking);
		self.last = Some(Round { session: next, number, targets, begun: now, reachable: Reachable::Unknown });
	}

	pub(super) fn under_way(&mut self) -> &mut Option<BoxFuture<'static, Reachable>> {
		self.under_way.get_mut().unwrap_or_else(PoisonError::into_inner)
	}

	fn is_time(&self, next: SessionIndex, targets: &[Target], now: Instant) -> bool {
		let Some(last) = &self.last else { return true };
		let is_same = last.targets == targets;
		let passed = now.saturating_duration_since(last.begun);
		let is_known = is_same && last.reachable == Reachable::Yes;
		if last.session != next {
			return !is_known || passed >= LASTS;
		}
		last.number < MAX_ROUNDS && !is_known && (!is_same || passed >= PAUSE)
	}

	/// What the operator is to be told when those who were asked have answered, if anything. Never ends while nobody is asked. Loses
	/// nothing if it is dropped before it ends.
	pub async fn found(&mut self) -> Option<Note> {
		let reachable = match self.under_way() {
			Some(under_way) => under_way.await,
			None => pending().await,
		};
		*self.under_way() = None;
		let last = self.last.as_mut()?;
		last.reachable = reachable;
		let addresses: Vec<_> = last.targets.iter().map(ToString::to_string).collect();
		let session = last.session;
		let list = addresses.join(", ");
		// If nobody listens, nobody asks for the status.
		let before = self.parts.told.send_replace(Reachability { reachable, addresses }).reachable;
		match reachable {
			Reachable::Yes => {
				self.warned = None;
				let level = if before == Reachable::Yes { Level::Debug } else { Level::Info };
				Some(Note {
					level,
					words: format!("A mixnode has reached this node at one of these addresses: {list}"),
				})
			},
			Reachable::No(_) if self.warned == Some(session) => None,
			Reachable::No(failed) => {
				self.warned = Some(session);
				let words = format!(
					"Others cannot reach this node: {failed} mixnodes were asked to connect to it at {list}, and could not. A mixnode \
					 that cannot be reached loses packets. Open the port in the firewall, or have the router forward it; if the \
					 node is elsewhere, name its addresses by --public-addr. If it connects to others from other addresses than \
					 these, nobody has tried them. It registers all the same",
				);
				Some(Note { level: Level::Warn, words })
			},
			Reachable::Unknown => Some(Note {
				level: Level::Debug,
				words: format!("Nobody could tell whether this node can be reached at {list}"),
			}),
		}
	}
}

/// Some mixnodes of the session before `next`, drawn at random, without this node.
fn some_mixnodes(block: &impl Registrations, next: SessionIndex, own: &PeerId) -> Result<Vec<ReservedPeer>, ApiError> {
	let Some(current) = next.checked_sub(1) else { return Ok(Vec::new()) };
	let total = block.mixnodes_page(current, 0, 0)?.map_or(0, |page| page.total);
	let mut places = Vec::new();
	// One more than are asked: this node may be among them.
	while places.len() < (ASKED + 1).min(total as usize) {
		let place = (OsRng.next_u64() % u64::from(total)) as u32;
		if !places.contains(&place) {
			places.push(place);
		}
	}
	let mut mixnodes = Vec::new();
	for place in places {
		let page = block.mixnodes_page(current, place, 1)?;
		let mixnode = page.and_then(|page| page.mixnodes.into_iter().next());
		mixnodes.extend(
			mixnode.filter(|mixnode| mixnode.peer_id != *own).map(|mixnode| ReservedPeer {
				peer_id: mixnode.peer_id,
				external_addresses: mixnode.external_addresses,
			}),
		);
	}
	mixnodes.truncate(ASKED);
	Ok(mixnodes)
}
