//! One core alone, driven by hand, for tests of what a single node does.
//!
//! It is in sessions 1 and 2, whose other mixnodes are names only: nobody answers. The sessions have no mixnodes in common
//! but the node itself, so whom a packet is sent to tells in which session it was sent. [`TABLE`] says what the node may do
//! in which phase; [`rates`] compares what it does with the Poisson law.

pub mod rates;

use crate::{mixnode, ours, rng, Ours};
use mixnet_node_core::{
	sphinx::KxSecret, Config, KxPublic, Mixnet, Mixnode, Parameters, PeerId, RelativeSession, SessionPhase, Time,
};
use std::time::Duration;
use RelativeSession::{Current, Previous};

/// How often a mixnode sends, on average.
pub const MIXNODE_PERIOD: Duration = Duration::from_millis(100);
/// How often a node that is no mixnode sends, on average.
pub const NON_MIXNODE_PERIOD: Duration = Duration::from_secs(1);

/// The peer ID of the node.
pub fn local_peer_id() -> PeerId {
	PeerId([0xff; 32])
}

/// Secret keys of mixnodes 1 to 9 of a session.
pub fn secrets(session: u32) -> Vec<KxSecret> {
	let mut rng = rng(u64::from(session));
	(1..10).map(|_| KxSecret::random(&mut rng)).collect()
}

/// Mixnodes 1 to 9 of a session; the other session has others.
pub fn others(session: u32) -> Vec<Mixnode> {
	let id = |index: usize| PeerId([(session as usize * 10 + index) as u8; 32]);
	secrets(session).iter().zip(1..).map(|(secret, index)| mixnode(id(index), secret.public())).collect()
}

/// The session that this peer is a mixnode in.
pub fn session_of(peer_id: PeerId) -> u32 {
	u32::from(peer_id.0[0] / 10)
}

/// A node in sessions 1 and 2, a mixnode in none or both of them.
pub fn node(seed: u64, is_mixnode: bool, phase: SessionPhase) -> (Ours, Time) {
	let (mixnet, now, _) = node_and_keys(seed, is_mixnode, phase);
	(mixnet, now)
}

/// As [`node`], and the public keys of the node in sessions 0 to 2. As a mixnode it has index 9, behind the others.
pub fn node_and_keys(seed: u64, is_mixnode: bool, phase: SessionPhase) -> (Ours, Time, [KxPublic; 3]) {
	node_with_parameters(seed, is_mixnode, phase, [None; 3])
}

/// The parameters of sessions that have no others.
pub fn default_parameters() -> Parameters {
	// Short routes are quicker built.
	Parameters { hops: 2, ..Parameters::default() }
}

/// As [`node_and_keys`], in sessions with these parameters.
pub fn node_with_parameters(
	seed: u64,
	is_mixnode: bool,
	phase: SessionPhase,
	parameters: [Option<Parameters>; 3],
) -> (Ours, Time, [KxPublic; 3]) {
	let now = Time::from_duration(Duration::from_secs(50));
	let mut config = Config { parameters: default_parameters(), ..Config::default() };
	config.request.capacity = 2000;
	config.surb_keystore_capacity = 48_000;
	let mut mixnet = Mixnet::new(config, local_peer_id(), rng(seed), None).unwrap();
	let keys = [0, 1, 2].map(|session| {
		let (next, kx_public) = mixnet.next_kx_public();
		let phase = if session == 2 { phase } else { SessionPhase::DisconnectFromPrev };
		ours::set_status(&mut mixnet, now, session, phase);
		let mut mixnodes = others(session);
		if is_mixnode && next == session {
			mixnodes.push(mixnode(local_peer_id(), kx_public));
		}
		assert!(ours::set_session(&mut mixnet, now, session, parameters[session as usize], Ok(mixnodes)));
		kx_public
	});
	for peer in mixnet.reserved_peers() {
		mixnet.peer_connected(now, peer.peer_id);
	}
	(mixnet, now, keys)
}

/// What a node may do in each phase, as in PROTOCOL.md, section 7. In order: the phase; does the node send at half rate; does it
/// send in the previous session; does it take requests there; does it take requests in the current session; the session that
/// new requests go to.
pub const TABLE: [(SessionPhase, bool, bool, bool, bool, RelativeSession); 4] = [
	(SessionPhase::CoverToCurrent, true, true, true, false, Previous),
	(SessionPhase::RequestsToCurrent, true, true, true, true, Current),
	(SessionPhase::CoverToPrev, true, true, false, true, Current),
	(SessionPhase::DisconnectFromPrev, false, false, false, true, Current),
];
