//! Tells the network whom this node wants to be connected to, and where they are to be found.

use super::{
	addresses::{self, ToDial},
	names::{self, BySystem, LookUp},
	peer_control::PeerControl,
};
use crate::{config::Reach, log_target::LOG_TARGET, unwinding::unwinding};
use mixnet_node_core::ReservedPeer;
use std::{collections::HashSet, sync::Arc};
use tokio::task::JoinSet;

/// Keeps the network told.
pub struct Reserving {
	network: Arc<dyn PeerControl>,
	look_up: Arc<dyn LookUp>,
	/// At which hosts mixnodes are dialled.
	dialled: Reach,
	/// Looks up the names of the present peers. Ends when it is dropped.
	lookups: JoinSet<()>,
}

impl Reserving {
	/// Tells this network, and looks names up as other programs do.
	pub fn new(network: Arc<dyn PeerControl>, dialled: Reach) -> Self {
		Self { network, look_up: Arc::new(BySystem), dialled, lookups: JoinSet::new() }
	}

	/// The network.
	pub fn network(&self) -> &dyn PeerControl {
		&*self.network
	}

	/// From now on these peers are wanted, and no others.
	pub fn set(&mut self, peers: &[ReservedPeer]) {
		let (mut reserved, mut named) = (HashSet::new(), Vec::new());
		// Addresses are told one by one, and reserved are the bare IDs: the network drops peers from a reserved set if it likes
		// none of their addresses.
		for ToDial { peer, addresses, names } in addresses::reserved(peers, self.dialled) {
			addresses.into_iter().for_each(|address| self.network.add_known_address(peer, address));
			named.extend(names.into_iter().map(|address| (peer, address)));
			reserved.insert(addresses::bare(&peer));
		}
		if let Err(error) = self.network.set_reserved(reserved) {
			log::warn!(target: LOG_TARGET, "The network does not take the mixnodes as reserved peers: {error}");
		}
		self.lookups = JoinSet::new();
		if !named.is_empty() {
			self.lookups.spawn(unwinding(names::tell(self.network.clone(), self.look_up.clone(), named)));
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::network::testing::KnownAddresses;
	use futures::{future::BoxFuture, FutureExt};
	use sc_network_types::ed25519::Keypair;
	use std::{
		io,
		net::IpAddr,
		sync::Mutex,
		time::{Duration, Instant},
	};

	/// Every name leads to a private address and to a public one. Notes what it is asked for.
	#[derive(Clone, Default)]
	struct Both(Arc<Mutex<Vec<String>>>);

	impl LookUp for Both {
		fn look_up(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
			self.0.lock().expect("no test panics while it holds this; qed").push(name.clone());
			async move {
				if name == "slow.mixes.net" {
					futures::future::pending::<()>().await;
				}
				Ok(vec![[10, 0, 0, 1].into(), [1, 2, 3, 4].into()])
			}
			.boxed()
		}
	}

	fn mixnode(address: &str) -> ReservedPeer {
		let peer_id = Keypair::generate().public().to_bytes().into();
		ReservedPeer { peer_id, external_addresses: vec![address.as_bytes().to_vec()] }
	}

	async fn eventually(known: &KnownAddresses, number: usize) -> Vec<String> {
		let deadline = Instant::now() + Duration::from_secs(60);
		loop {
			let texts: Vec<_> = known.texts();
			if texts.len() >= number || Instant::now() > deadline {
				return texts;
			}
			tokio::time::sleep(Duration::from_millis(5)).await;
		}
	}

	#[tokio::test]
	async fn the_network_is_told_no_name_where_private_addresses_are_not_dialled() {
		for (dialled, expected) in
			[(Reach::Internet, "/ip4/1.2.3.4/tcp/1/p2p/"), (Reach::Any, "/dns/a.mixes.net/tcp/1/p2p/")]
		{
			let (network, asked) = (Arc::new(KnownAddresses::default()), Both::default());
			let look_up = Arc::new(asked.clone());
			let mut reserving = Reserving { look_up, ..Reserving::new(network.clone(), dialled) };
			reserving.set(&[mixnode("/dns/a.mixes.net/tcp/1")]);
			let known = eventually(&network, 1).await;
			assert!(known.len() == 1 && known[0].starts_with(expected), "{known:?}");
			assert_eq!(asked.0.lock().expect("as above; qed").len(), usize::from(dialled == Reach::Internet));
		}
	}

	#[tokio::test]
	async fn a_name_that_is_looked_up_for_ever_holds_up_nobody_and_ends_with_its_session() {
		let network = Arc::new(KnownAddresses::default());
		let both = Both::default();
		let mut reserving =
			Reserving { look_up: Arc::new(both.clone()), ..Reserving::new(network.clone(), Reach::Internet) };
		reserving.set(&[mixnode("/dns/slow.mixes.net/tcp/1"), mixnode("/ip4/9.9.9.9/tcp/1")]);
		assert_eq!(network.texts().len(), 1, "the other one's address is known at once");
		// The next session.
		reserving.set(&[mixnode("/dns/b.mixes.net/tcp/2")]);
		let known = eventually(&network, 2).await;
		assert!(known[1].starts_with("/ip4/1.2.3.4/tcp/2/p2p/"), "{known:?}");
		assert_eq!(reserving.lookups.len(), 1);
	}
}
