//! Nodes of the `mixnet` crate: what they are made of, and the chain in their words.

use super::{recorder, session_0_secret, AUTHORED_PERIOD, FORWARDING_DELAY, PER_HOP_DELAY, SURBS};
use mixnet::{
	core::{self as reference, MessageId, NetworkStatus, Scattered, SessionConfig as TheirSessionConfig},
	reply_manager::ReplyManager,
	request_manager::RequestManager,
};
use mixnet_node_core::{Mixnode, PeerId, SessionPhase, SessionStatus};
use std::{
	collections::BTreeSet,
	time::{Duration, Instant},
};

pub struct Connections<'a> {
	pub local: PeerId,
	pub connected: &'a BTreeSet<PeerId>,
}

impl NetworkStatus for Connections<'_> {
	fn local_peer_id(&self) -> reference::PeerId {
		self.local.0
	}

	fn is_connected(&self, peer_id: &reference::PeerId) -> bool {
		self.connected.contains(&PeerId(*peer_id))
	}
}

pub struct TheirRequest {
	pub data: Vec<u8>,
}

impl mixnet::request_manager::Request for TheirRequest {
	type Context = ();

	fn with_data<T>(&self, f: impl FnOnce(Scattered<u8>) -> T, (): &()) -> T {
		f(self.data.as_slice().into())
	}

	fn num_surbs(&self, (): &()) -> usize {
		SURBS
	}

	fn handling_delay(&self, _: &MessageId, (): &()) -> Duration {
		PER_HOP_DELAY
	}

	fn handle_post_err(self, error: reference::PostErr, (): &()) {
		panic!("the reference could not post a request: {error}");
	}

	fn handle_retry_limit_reached(self, (): &()) {
		panic!("a request of the reference's was never answered: {:?}", &self.data[..2]);
	}
}

pub struct Theirs {
	pub mixnet: reference::Mixnet<()>,
	pub requests: RequestManager<TheirRequest>,
	pub replies: ReplyManager,
	pub next_authored: Option<Instant>,
}

impl Theirs {
	pub fn new(index: usize) -> Self {
		Self {
			mixnet: reference::Mixnet::new(their_config(index)),
			requests: RequestManager::new(Default::default()),
			replies: ReplyManager::new(Default::default()),
			next_authored: None,
		}
	}
}

fn their_config(index: usize) -> reference::Config {
	let default = reference::Config::default();
	let faster =
		|config: TheirSessionConfig| TheirSessionConfig { mean_authored_packet_period: AUTHORED_PERIOD, ..config };
	reference::Config {
		session_0_kx_secret: Some(session_0_secret(index)),
		mixnode_session: faster(default.mixnode_session.clone()),
		non_mixnode_session: default.non_mixnode_session.clone().map(faster),
		mean_forwarding_delay: FORWARDING_DELAY,
		per_hop_net_delay: PER_HOP_DELAY,
		log_target: recorder::TARGET,
		..default
	}
}

pub fn their_status(status: SessionStatus) -> reference::SessionStatus {
	reference::SessionStatus {
		current_index: status.current_index,
		phase: match status.phase {
			SessionPhase::CoverToCurrent => reference::SessionPhase::CoverToCurrent,
			SessionPhase::RequestsToCurrent => reference::SessionPhase::RequestsToCurrent,
			SessionPhase::CoverToPrev => reference::SessionPhase::CoverToPrev,
			SessionPhase::DisconnectFromPrev => reference::SessionPhase::DisconnectFromPrev,
		},
	}
}

pub fn their_mixnodes(mixnodes: &[Mixnode]) -> Vec<reference::Mixnode<()>> {
	mixnodes
		.iter()
		.map(|mixnode| reference::Mixnode { kx_public: mixnode.kx_public.0, peer_id: mixnode.peer_id.0, extra: () })
		.collect()
}
