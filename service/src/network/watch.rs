//! Which gateways respond.
//!
//! A connection says little. A machine that is frozen keeps its connections, since its peers' packets wait in buffers; and
//! nothing has to come from a gateway for minutes. So it is asked. A question goes out every [`INTERVAL`], whatever this
//! node's user does, and every node that lives responds within a round trip: one that knows the question's protocol refuses
//! to answer, and one that does not know it (of the Substrate Mix Network, say) says so. Both are a sign of life, and no node
//! has to do anything for it. Only a frozen or unreachable one says nothing.
//!
//! A peer that responds, but does not take packets, is found out by its queue ([`peers`](super::peers)). Loops that get lost
//! are no evidence against a gateway: others could have dropped them.

use super::peer_control::{PeerControl, QUESTION_TIMEOUT};
use futures::{
	future::BoxFuture,
	stream::{FuturesUnordered, StreamExt},
	FutureExt,
};
use mixnet_primitives::PeerId;
use std::{collections::HashMap, time::Duration};
use tokio::time::{sleep_until, Instant};

/// Time between two questions to a peer.
pub const INTERVAL: Duration = Duration::from_secs(30);

/// So many questions in a row without a response make a peer silent. With a question on its way for at most 20 seconds, that
/// is within 110 seconds.
const MAX_UNANSWERED: u32 = 3;

const _: () = assert!(
	INTERVAL.as_secs() * MAX_UNANSWERED as u64 + QUESTION_TIMEOUT.as_secs() <= 120,
	"a frozen peer is noticed within two minutes"
);

/// What the watch has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
	/// It is time to [ask](Watch::ask).
	Due,
	/// The peer has become silent, or responds again.
	Changed(PeerId),
}

/// Who has been asked, and who has responded.
pub struct Watch {
	interval: Duration,
	/// When to ask next.
	due: Instant,
	/// Questions on their way. Each ends with whether the peer responded.
	questions: FuturesUnordered<BoxFuture<'static, (PeerId, bool)>>,
	/// Questions in a row without a response.
	unanswered: HashMap<PeerId, u32>,
}

impl Watch {
	/// Nobody has been asked. Those who are to be asked are asked once in this time: [`INTERVAL`], but for tests.
	pub fn new(interval: Duration) -> Self {
		Self { interval, due: Instant::now(), questions: FuturesUnordered::new(), unanswered: HashMap::new() }
	}

	/// Asks these peers, which are connected, and forgets all others that are not silent. Those that are stay so until they are
	/// asked again and respond, or their connection ends.
	pub fn ask(&mut self, peers: Vec<PeerId>, control: &dyn PeerControl) {
		self.unanswered.retain(|peer, unanswered| *unanswered >= MAX_UNANSWERED || peers.contains(peer));
		for peer in peers {
			let question = control.ask_for_life(&peer);
			self.questions.push(question.map(move |responds| (peer, responds)).boxed());
			self.unanswered.entry(peer).or_default();
		}
	}

	/// A peer was connected or disconnected: what was before says nothing.
	pub fn forget(&mut self, peer: &PeerId) {
		self.unanswered.remove(peer);
	}

	/// Is this peer silent?
	pub fn is_silent(&self, peer: &PeerId) -> bool {
		self.unanswered.get(peer).is_some_and(|unanswered| *unanswered >= MAX_UNANSWERED)
	}

	/// The next thing to do or to know. Loses nothing if it is dropped before it ends.
	pub async fn next(&mut self) -> Watched {
		loop {
			tokio::select! {
				() = sleep_until(self.due) => {
					self.due = Instant::now() + self.interval;
					return Watched::Due;
				},
				Some((peer, responds)) = self.questions.next() => {
					let was_silent = self.is_silent(&peer);
					if let Some(unanswered) = self.unanswered.get_mut(&peer) {
						*unanswered = if responds { 0 } else { unanswered.saturating_add(1) };
					}
					if was_silent != self.is_silent(&peer) {
						return Watched::Changed(peer);
					}
				},
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sc_network::ReputationChange;
	use sc_network_types::{multiaddr::Multiaddr, PeerId as NetworkPeerId};
	use std::{
		collections::HashSet,
		sync::atomic::{AtomicBool, AtomicU32, Ordering},
	};
	use tokio::time::timeout;

	/// A network whose peers respond, or do not.
	#[derive(Default)]
	struct Network {
		is_frozen: AtomicBool,
		asked: AtomicU32,
	}

	impl PeerControl for Network {
		fn local_peer_id(&self) -> NetworkPeerId {
			unreachable!("not asked for")
		}

		fn add_known_address(&self, _: NetworkPeerId, _: Multiaddr) {
			unreachable!("not asked for")
		}

		fn set_reserved(&self, _: HashSet<Multiaddr>) -> Result<(), String> {
			unreachable!("not asked for")
		}

		fn report(&self, _: NetworkPeerId, _: ReputationChange) {
			unreachable!("not asked for")
		}

		fn disconnect(&self, _: NetworkPeerId) {
			unreachable!("not asked for")
		}

		fn ask_for_life(&self, _: &PeerId) -> BoxFuture<'static, bool> {
			self.asked.fetch_add(1, Ordering::Relaxed);
			std::future::ready(!self.is_frozen.load(Ordering::Relaxed)).boxed()
		}
	}

	/// Runs the watch until the peer has become silent or responds again. Returns after how many questions.
	async fn run(watch: &mut Watch, network: &Network, peer: PeerId) -> u32 {
		network.asked.store(0, Ordering::Relaxed);
		loop {
			match watch.next().await {
				Watched::Due => watch.ask(vec![peer], network),
				Watched::Changed(of) => {
					assert_eq!(of, peer);
					return network.asked.load(Ordering::Relaxed);
				},
			}
		}
	}

	fn watch() -> Watch {
		Watch::new(Duration::from_millis(1))
	}

	#[tokio::test]
	async fn a_frozen_peer_is_noticed_after_three_questions_and_its_return_after_one() {
		let peer = PeerId([1; 32]);
		let (mut watch, network) = (watch(), Network::default());
		let living = timeout(Duration::from_millis(200), run(&mut watch, &network, peer)).await;
		assert!(living.is_err() && !watch.is_silent(&peer));
		assert!(network.asked.load(Ordering::Relaxed) > 3);
		for _ in 0..10 {
			network.is_frozen.store(true, Ordering::Relaxed);
			assert_eq!(run(&mut watch, &network, peer).await, MAX_UNANSWERED);
			assert!(watch.is_silent(&peer));
			network.is_frozen.store(false, Ordering::Relaxed);
			assert_eq!(run(&mut watch, &network, peer).await, 1);
			assert!(!watch.is_silent(&peer));
		}
	}

	#[tokio::test]
	async fn a_peer_stays_silent_until_it_responds_or_its_connection_ends() {
		let (peer, other) = (PeerId([1; 32]), PeerId([2; 32]));
		let (mut watch, network) = (watch(), Network::default());
		network.is_frozen.store(true, Ordering::Relaxed);
		run(&mut watch, &network, peer).await;
		assert!(watch.is_silent(&peer));
		watch.forget(&peer);
		assert!(!watch.is_silent(&peer));
		run(&mut watch, &network, peer).await;
		assert!(watch.is_silent(&peer));
		// It is no gateway for a while.
		watch.ask(vec![other], &network);
		watch.ask(vec![], &network);
		assert!(watch.is_silent(&peer) && watch.unanswered.len() == 1);
		network.is_frozen.store(false, Ordering::Relaxed);
		run(&mut watch, &network, peer).await;
		assert!(!watch.is_silent(&peer));
	}
}
