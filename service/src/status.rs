//! The answer of `mixnet_status`: a [`Snapshot`] for people and scripts to read.

use crate::{
	network::{
		peer_id::to_network_peer_id,
		reachability::asker::{Reachability, Reachable},
	},
	requests::{server::ServeReport, submit_extrinsic, wrong_answers::AnswerCounts},
	snapshot::{SessionSnapshot, Snapshot},
};
use mixnet_node_core::{LoopReport, Role};
use mixnet_primitives::{Parameters, PeerId, SessionStatus};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The state of a node's mixnet service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
	/// This node's peer ID, base58.
	pub peer_id: String,
	/// The current session, as of the latest finalised block; none before the first one is read.
	pub session: Option<SessionView>,
	/// What this node is in the live sessions.
	pub role: Roles,
	/// The parameters that the live sessions run with.
	pub parameters: ParametersInForce,
	/// What this node's loop cover shows.
	pub loops: Loops,
	/// How many peers this node has, and wants.
	pub peers: PeerNumbers,
	/// Whether other mixnodes can reach this node.
	#[serde(default)]
	pub reachability: ReachabilityView,
	/// How much waits, and for what.
	pub queues: Queues,
	/// The mixnodes with answers to this node's requests that proved wrong, by their peer IDs.
	#[serde(default)]
	pub wrong_answers: BTreeMap<String, AnswerView>,
	/// What has happened since the node started, or since the mixnet was started again.
	pub counters: Counters,
	/// How often the mixnet has failed, and was started again, since the node started.
	pub restarts: u64,
}

/// The answers of a mixnode that has lied, or lagged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerView {
	/// All its answers.
	pub answers: u64,
	/// How often it said that it had submitted an extrinsic, which was not seen.
	pub submitted_nothing: u64,
	/// How often it refused an extrinsic that came into a block.
	pub refused_valid: u64,
}

/// A session and its phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
	/// The session's index.
	pub index: u32,
	/// Its phase, 0 to 3.
	pub phase: u8,
	/// The phase's name.
	pub phase_name: String,
}

/// The parameters that each live session runs with, by the names that they have on chain; none where this node takes no
/// part, or before the session's mixnodes are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParametersInForce {
	/// In the previous session.
	pub previous: Option<Parameters>,
	/// In the current one.
	pub current: Option<Parameters>,
}

/// Loop cover in each live session; none where this node takes no part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Loops {
	/// In the previous session.
	pub previous: Option<LoopView>,
	/// In the current one.
	pub current: Option<LoopView>,
}

/// Loop cover of a session: packets that this node sends to itself. If they get lost, others' packets do too, or somebody
/// blocks this node's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoopView {
	/// Loops sent.
	pub sent: u64,
	/// Loops that came back in time.
	pub returned: u64,
	/// Loops among them that took longer than the network usually takes.
	pub slow: u64,
	/// Loops that came back after they were given up.
	pub late: u64,
	/// Loops that were given up, and have not come back since.
	pub lost: u64,
	/// Loops on their way.
	pub out: u64,
	/// Loops that this node had no time or no room to wait for.
	pub unjudged: u64,
	/// Half of the loops that came back took no longer, in milliseconds.
	pub median_round_trip_ms: Option<u64>,
	/// The share of loops that are lost, in per cent: lower end of the 95 % confidence interval, estimate, upper end.
	pub loss_percent: Option<[f64; 3]>,
	/// Whether so many are lost that somebody may block packets on purpose.
	pub alarm: bool,
	/// Whether so many come back slowly that somebody may hold packets back on purpose. Only mixnodes judge that.
	pub slow_alarm: bool,
	/// Whether fewer than half of the peers that the session needs have been connected for too long.
	pub disconnected_alarm: bool,
	/// Mixnodes and links at which more packets get lost than chance explains. If a mixnode's neighbours are named too,
	/// the fault may be theirs.
	pub suspected: Vec<String>,
}

/// What this node is in each live session: `mixnode 3` (with its index), `user`, `resting` (the session has too few
/// mixnodes) or `unknown` (the session's mixnodes are not known yet, or it is over).
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
	/// Peers connected by the mixnet's protocol.
	pub connected: usize,
	/// Those of them that do not respond, or take no packets. A user sends them nothing, and replaces them.
	pub silent: usize,
	/// Peers that this node wants to be connected to.
	pub reserved: usize,
	/// Peers that had to leave, since more came than there are places for.
	pub evicted: u64,
}

/// What came of asking others whether they can reach this node. Only nodes that register ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReachabilityView {
	/// Whether they can; none if nobody could tell, or none was asked yet.
	pub reachable: Option<bool>,
	/// The hosts and ports that they were asked about.
	pub addresses: Vec<String>,
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
	/// This node's requests that are being sent, or have no answer yet.
	pub requests: u64,
	/// This node's requests that wait for their turn.
	#[serde(default)]
	pub requests_waiting: u64,
	/// Others' extrinsics that wait to be submitted, or are being submitted.
	pub extrinsics: u64,
}

/// Counters since the node started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
	/// Packets received.
	pub received: u64,
	/// Packets sent, whether forwarded or this node's own.
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
	/// Times at which one of this node's own packets was due, and had to wait because no cover was ready.
	#[serde(default)]
	pub ticks_awaiting_cover: u64,
	/// Request packets that were for this node.
	pub requests_delivered: u64,
	/// Reply packets that were for this node.
	pub replies_delivered: u64,
	/// Gateways of this node that were gone or silent for too long, and whose places others took.
	pub gateways_replaced: u64,
	/// Others' extrinsics that this node's transaction pool took.
	pub extrinsics_submitted: u64,
	/// Others' extrinsics that this node's transaction pool refused, or that were malformed.
	pub extrinsics_refused: u64,
	/// How much was dropped, for whatever reason.
	pub dropped: u64,
	/// The same by reason. Reasons that never occurred are left out.
	pub dropped_by_reason: BTreeMap<String, u64>,
}

impl From<Snapshot> for Status {
	fn from(snapshot: Snapshot) -> Self {
		let extrinsics = snapshot.served.iter().find(|report| report.name == submit_extrinsic::NAME);
		let queues = Queues::new(&snapshot, extrinsics);
		let counters = Counters::new(&snapshot, extrinsics);
		let wrong_answers =
			snapshot.wrong_answers.iter().map(|(mixnode, counts)| (name(mixnode), counts.into())).collect();
		let Snapshot {
			peer_id,
			session_status,
			previous,
			current,
			connected,
			silent,
			reserved,
			evicted,
			reachability,
			restarts,
			..
		} = snapshot;
		Self {
			peer_id: peer_id.to_base58(),
			session: session_status.map(SessionView::from),
			role: Roles { previous: role(previous.role), current: role(current.role) },
			parameters: ParametersInForce { previous: previous.parameters, current: current.parameters },
			loops: Loops { previous: loops(previous), current: loops(current) },
			peers: PeerNumbers { connected, silent, reserved, evicted },
			reachability: reachability.into(),
			queues,
			wrong_answers,
			counters,
			restarts,
		}
	}
}

impl From<SessionStatus> for SessionView {
	fn from(status: SessionStatus) -> Self {
		Self { index: status.current_index, phase: status.phase as u8, phase_name: status.phase.to_string() }
	}
}

impl From<Reachability> for ReachabilityView {
	fn from(reachability: Reachability) -> Self {
		let Reachability { reachable, addresses } = reachability;
		let reachable = match reachable {
			Reachable::Yes => Some(true),
			Reachable::No(_) => Some(false),
			Reachable::Unknown => None,
		};
		Self { reachable, addresses }
	}
}

impl Queues {
	fn new(snapshot: &Snapshot, extrinsics: Option<&ServeReport>) -> Self {
		let core = &snapshot.core;
		Self {
			forward: core.forward_queue_len,
			authored_previous: core.previous_authored_queue_len,
			authored_current: core.current_authored_queue_len,
			requests: core.requests_pending,
			requests_waiting: snapshot.waiting_requests as u64,
			extrinsics: extrinsics.map_or(0, |report| report.queued as u64),
		}
	}
}

impl Counters {
	fn new(snapshot: &Snapshot, extrinsics: Option<&ServeReport>) -> Self {
		let core = &snapshot.core;
		let extrinsics = extrinsics.map(|report| report.counters).unwrap_or_default();
		let dropped_by_reason: BTreeMap<_, _> = snapshot.drops().filter(|(_, times)| *times > 0).collect();
		Self {
			received: core.packets_received,
			sent: snapshot.sent,
			forwarded: core.packets_forwarded,
			loop_cover_sent: core.loop_cover_authored,
			loop_cover_returned: core.loop_cover_returned,
			drop_cover_sent: core.drop_cover_authored,
			requests_sent: core.requests_authored,
			replies_sent: core.replies_authored,
			ticks_awaiting_cover: core.ticks_awaiting_cover,
			requests_delivered: core.requests_delivered,
			replies_delivered: core.replies_delivered,
			gateways_replaced: core.gateways_replaced,
			extrinsics_submitted: extrinsics.done,
			extrinsics_refused: extrinsics.refused + extrinsics.malformed,
			dropped: dropped_by_reason.values().sum(),
			dropped_by_reason,
		}
	}
}

impl From<&AnswerCounts> for AnswerView {
	fn from(counts: &AnswerCounts) -> Self {
		let AnswerCounts { answers, submitted_nothing, refused_valid } = *counts;
		Self { answers, submitted_nothing, refused_valid }
	}
}

/// A mixnode's peer ID as people write it; in hex, if it is none of the network.
fn name(mixnode: &PeerId) -> String {
	to_network_peer_id(mixnode).map_or_else(|| hex::encode(mixnode.0), |peer| peer.to_base58())
}

fn role(role: Role) -> String {
	match role {
		Role::Unknown => "unknown".into(),
		Role::Resting => "resting".into(),
		Role::Mixnode(index) => format!("mixnode {index}"),
		Role::NonMixnode => "user".into(),
	}
}

fn loops(session: SessionSnapshot) -> Option<LoopView> {
	session.loops.map(LoopView::from)
}

impl From<LoopReport> for LoopView {
	fn from(report: LoopReport) -> Self {
		let mixnodes = report.mixnodes.iter().filter(|mixnode| mixnode.score.suspected);
		let links = report.links.iter().filter(|link| link.score.suspected);
		Self {
			sent: report.sent,
			returned: report.returned,
			slow: report.slow,
			late: report.late,
			lost: report.lost,
			out: report.out,
			unjudged: report.unjudged,
			median_round_trip_ms: report.round_trips.quantile(0.5).map(|time| time.as_millis() as u64),
			loss_percent: report
				.loss
				.map(|loss| [loss.low, loss.rate, loss.high].map(|share| (share * 1e4).round() / 100.0)),
			alarm: report.loss_alarm,
			slow_alarm: report.slow_alarm,
			disconnected_alarm: report.disconnected_alarm,
			suspected: mixnodes.map(ToString::to_string).chain(links.map(ToString::to_string)).collect(),
		}
	}
}
