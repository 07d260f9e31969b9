//! What is going on, in numbers: the answer of `mixnet_status`.

use mixnet_primitives::Parameters;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The state of a node's mixnet service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
	/// This node's peer ID, base58.
	pub peer_id: String,
	/// The current session as of the latest finalised block; none before the first one is read.
	pub session: Option<SessionView>,
	/// Our part in the live sessions.
	pub role: Roles,
	/// What the nodes of the live sessions have agreed on.
	pub parameters: ParametersInForce,
	/// What our loop cover shows.
	pub loops: Loops,
	/// Who we are connected to.
	pub peers: PeerNumbers,
	/// What waits where.
	pub queues: Queues,
	/// What happened since the node started.
	pub counters: Counters,
}

/// A session and its phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
	/// Index of the session.
	pub index: u32,
	/// Phase, 0 to 3.
	pub phase: u8,
	/// The phase's name.
	pub phase_name: String,
}

/// The parameters that each live session runs with, by the names that they have on chain; none where we take no part, or
/// before its mixnodes are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParametersInForce {
	/// In the previous session.
	pub previous: Option<Parameters>,
	/// In the current one.
	pub current: Option<Parameters>,
}

/// Loop cover in each live session; none where we take no part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Loops {
	/// In the previous session.
	pub previous: Option<LoopView>,
	/// In the current one.
	pub current: Option<LoopView>,
}

/// Loop cover of a session: packets that we send to ourselves. Where they get lost, others' do, or somebody
/// blocks ours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoopView {
	/// Sent.
	pub sent: u64,
	/// Back in time.
	pub returned: u64,
	/// Back, after they were given up.
	pub late: u64,
	/// Not back in time, nor since.
	pub lost: u64,
	/// On their way.
	pub out: u64,
	/// Not waited for, for want of time or room.
	pub unjudged: u64,
	/// Half of those that came back took no longer, in milliseconds.
	pub median_round_trip_ms: Option<u64>,
	/// Share of loops lost, in per cent: lower end of the 95 % confidence interval, estimate, upper end.
	pub loss_percent: Option<[f64; 3]>,
	/// Are so many lost that packets may be blocked on purpose?
	pub alarm: bool,
	/// Where packets get lost, beyond what chance explains: mixnodes and links. Where neighbours of a mixnode are named,
	/// it may as well be they.
	pub suspected: Vec<String>,
}

/// Our part in each live session: `mixnode 3` (with our index), `user`, `resting` (the session has too few mixnodes) or
/// `unknown` (its mixnodes are not known yet, or the session is over).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Roles {
	/// In the previous session.
	pub previous: String,
	/// In the current one.
	pub current: String,
}

/// Numbers of peers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerNumbers {
	/// Connected by the mixnet's protocol.
	pub connected: usize,
	/// That we want to be connected to.
	pub reserved: usize,
}

/// Lengths of queues.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Queues {
	/// Packets waiting to be forwarded.
	pub forward: u64,
	/// Request and reply packets waiting to be sent in the previous session.
	pub authored_previous: u64,
	/// Request and reply packets waiting to be sent in the current session.
	pub authored_current: u64,
	/// Our requests without an answer yet.
	pub requests: u64,
	/// Others' extrinsics waiting to be submitted.
	pub extrinsics: u64,
}

/// Counters since the node started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
	/// Packets received.
	pub received: u64,
	/// Packets sent, forwarded ones and our own.
	pub sent: u64,
	/// Packets forwarded.
	pub forwarded: u64,
	/// Loop cover packets sent.
	pub loop_cover_sent: u64,
	/// Loop cover packets that came back.
	pub loop_cover_returned: u64,
	/// Drop cover packets sent.
	pub drop_cover_sent: u64,
	/// Request packets sent.
	pub requests_sent: u64,
	/// Reply packets sent.
	pub replies_sent: u64,
	/// Request packets delivered to us.
	pub requests_delivered: u64,
	/// Reply packets delivered to us.
	pub replies_delivered: u64,
	/// Others' extrinsics that our transaction pool took.
	pub extrinsics_submitted: u64,
	/// Others' extrinsics that our transaction pool refused, or that were none.
	pub extrinsics_refused: u64,
	/// Everything dropped.
	pub dropped: u64,
	/// The same by reason; reasons that never occurred are left out.
	pub dropped_by_reason: BTreeMap<String, u64>,
}
