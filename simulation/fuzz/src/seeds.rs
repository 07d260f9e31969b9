//! The seed corpus, which is generated: inputs that take each target past its first branches.
//!
//! `tests/short.rs` compares these with the files in `corpus/`, and writes them anew on request. Inputs that the fuzzer
//! finds are not committed.

use super::{
	keys::{mixnode_index, public, rng, NODES},
	reader::stretch,
	state_machine::config,
};
use codec::Encode;
use mixnet_node_core::{
	request::{RemoteError, Reply, Request},
	sphinx::{build_cover, build_request, build_surb, Hop, SurbId, Target, MAX_HOPS, PAYLOAD_DATA_SIZE},
	KxPublic, Mixnode, MixnodesError, PeerId, SessionPhase, SessionStatus,
};

/// A seed: its target, its name, its bytes.
pub type Seed = (&'static str, &'static str, Vec<u8>);

/// All seeds.
pub fn seeds() -> Vec<Seed> {
	[unwrap(), fragments(), surbs(), request(), state_machine()].concat()
}

/// A route through all nodes in turn.
fn route(hops: usize) -> Vec<Hop> {
	(0..hops).map(|node| Hop { target: Target::Mixnode(mixnode_index(node as u16)), kx_public: public(node) }).collect()
}

fn unwrap() -> Vec<Seed> {
	let seed = |name, parts: &[&[u8]]| ("unwrap", name, parts.concat());
	let request = build_request(&mut rng(1), &route(MAX_HOPS), &stretch::<PAYLOAD_DATA_SIZE>(b"request"));
	let request = request.expect("a good route; qed").packet;
	let cover = build_cover(&mut rng(2), &route(1), None).expect("a good route; qed").packet;
	// The number of hops, the hop that is named by its peer ID, and the nodes.
	let six: [u8; 8] = [6, 5, 0, 1, 2, 3, 4, 5];
	vec![
		seed("bytes-short", &[&[0], b"not a packet"]),
		seed("bytes-of-a-request", &[&[0], request.as_bytes()]),
		seed("bytes-of-cover", &[&[0], cover.as_bytes()]),
		seed("request", &[&[1], &six, &[0, 1], &[7; 16], &[1, 0]]),
		seed("request-payload-damaged", &[&[1], &six, &[0, 1], &[7; 16], &[1, 1, 2, 0xff, 1, 9]]),
		seed("request-header-damaged", &[&[1], &six, &[0, 1], &[7; 16], &[1, 1, 3, 60, 0, 1]]),
		seed("request-top-bit-changed", &[&[1], &six, &[0, 1], &[7; 16], &[1, 1, 2, 31, 0, 0x80]]),
		seed("cover-with-id", &[&[1], &six, &[1], &[8; 16], &[0], &[7; 16], &[1, 0]]),
		seed("one-hop", &[&[1, 1, 7, 3, 0, 1], &[7; 16], &[1, 0]]),
		seed("no-hop", &[&[1, 0, 7]]),
		// An ephemeral key, the number of hops less one, and for each a node, a number, a kind, and the kind's data.
		seed("forged-forward", &[&[2, 5, 3], &[0, 1, 0, 6], &[1, 2, 0, 6], &[2, 0, 0, 5, 3], &[3, 0, 0, 0]]),
		seed("forged-reply", &[&[2, 5, 0], &[0, 0, 0, 1], &[9; 16]]),
		seed("forged-cover", &[&[2, 5, 1], &[0, 1, 0, 7], &[1, 0, 0, 3], &[9; 16]]),
		seed("forged-bad-action", &[&[2, 5, 0], &[0, 0xff, 0xff, 4]]),
		seed("forged-long", &[&[2, 5, 7], &[[0, 1, 0, 6]; 8].concat()]),
		seed("key-of-low-order", &[&[3, 1, 1, 2, 1, 4, 1]]),
		seed("key-plus-low-order", &[&[3, 1, 1, 2, 0, 1, 3, 0x80]]),
	]
}

fn fragments() -> Vec<Seed> {
	let seed = |name, parts: &[&[u8]]| ("fragments", name, parts.concat());
	// The bounds on messages, on fragments, and (less one) on fragments of one message.
	let wide: &[u8] = &[5, 11, 7];
	let narrow: &[u8] = &[1, 2, 2];
	// A message's ID, size, content, SURBs and bound on fragments; then which fragments come.
	let message = |id, size: u16, surbs, picks: &[u8]| {
		let [low, high] = size.to_le_bytes();
		[&[2, id, low, high, id, surbs, 9, picks.len() as u8], picks].concat()
	};
	vec![
		seed("bytes", &[wide, &[0, 40, 0], &[1; 40]]),
		seed("header", &[wide, &[1, 1, 1, 2, 0, 100, 0, 2, 5], &[1, 1, 1, 2, 1, 100, 0, 2, 5]]),
		seed("header-out-of-range", &[wide, &[1, 1, 0, 1, 0, 2, 0, 100, 0, 2, 5], &[1, 2, 1, 0, 0, 0xff, 0xff, 9, 5]]),
		seed("whole", &[wide, &message(1, 5000, 2, &[2, 0, 1])]),
		seed("whole-twice", &[wide, &message(1, 5000, 2, &[2, 2, 0, 1, 1, 0, 2])]),
		seed("surbs-only", &[wide, &message(1, 0, 20, &[0, 1, 2])]),
		seed("one-fragment", &[wide, &message(1, 10, 2, &[0]), &message(1, 4000, 0, &[0]), &message(1, 10, 2, &[0])]),
		seed("too-large", &[wide, &message(1, 12_000, 23, &[0])]),
		seed(
			"evicted",
			&[narrow, &message(1, 5000, 0, &[0]), &message(2, 5000, 0, &[0, 1]), &message(1, 5000, 0, &[1])],
		),
	]
}

fn surbs() -> Vec<Seed> {
	let seed = |name, parts: &[&[u8]]| ("surbs", name, parts.concat());
	let (surb, ..) =
		build_surb(&mut rng(3), mixnode_index(0), &route(MAX_HOPS), SurbId([1; 16])).expect("a good route; qed");
	let six: [u8; 8] = [6, 5, 0, 1, 2, 3, 4, 5];
	// An ID, a payload, a seed, and the right first mixnode.
	let rest: &[u8] = &[&[1, 2][..], &[3; 16], &[4, 1]].concat();
	vec![
		seed("bytes", &[&[0], &[7; 30]]),
		seed("bytes-of-a-surb", &[&[0], surb.as_bytes(), &[1; 20]]),
		seed("bytes-naming-no-mixnode", &[&[0, 0, 0xff], &[7; 30]]),
		seed("reply", &[&[1], &six, rest, &[0, 0]]),
		seed("reply-damaged", &[&[1], &six, rest, &[0, 1, 2, 9, 0, 1]]),
		seed("surb-header-damaged", &[&[1], &six, rest, &[1, 90, 1, 0]]),
		seed("surb-secret-damaged", &[&[1], &six, rest, &[1, 200, 1, 0]]),
		seed("one-hop", &[&[1, 1, 7, 2], rest, &[0, 0]]),
		seed("other-first-mixnode", &[&[1], &six, &[1, 2], &[3; 16], &[4, 0, 9, 0]]),
		// A capacity; then operations, each with a request and a SURB.
		seed(
			"keystore",
			&[&[2, 3], &[0, 1, 2], &[0, 2, 2], &[1, 3, 2], &[1, 4, 2], &[0, 2, 0], &[1, 0, 1], &[0, 1, 0]],
		),
		seed("keystore-same-id", &[&[2, 3], &[0, 1, 2], &[1, 1, 2], &[0, 0, 1], &[0, 1, 0], &[0, 1, 0]]),
		seed("keystore-of-nothing", &[&[2, 0], &[0, 1, 2], &[0, 1, 0]]),
	]
}

fn request() -> Vec<Seed> {
	let seed = |name, kind: u8, data: &[u8]| ("request", name, [&[kind], data].concat());
	let mixnode = Mixnode {
		kx_public: KxPublic([1; 32]),
		peer_id: PeerId([2; 32]),
		external_addresses: vec![b"/dns/example.org/tcp/30333".to_vec(), Vec::new()],
	};
	let mixnodes: Result<_, MixnodesError> = Ok(vec![mixnode.clone(), mixnode]);
	let few: Result<Vec<Mixnode>, _> = Err(MixnodesError::InsufficientRegistrations { num: 1, min: 2 });
	let status = SessionStatus { current_index: 7, phase: SessionPhase::CoverToPrev };
	vec![
		seed("request", 0, &Request::SubmitExtrinsic(vec![4; 40]).encode()),
		seed("request-unknown", 0, &[0, 1, 2]),
		seed("request-empty", 0, &[]),
		seed("reply", 1, &Reply::Ok(()).encode()),
		seed("reply-other", 1, &Reply::Err(RemoteError::Other("some words".into())).encode()),
		seed("reply-decode", 1, &Reply::Err(RemoteError::Decode("some words".into())).encode()),
		seed("mixnodes", 2, &mixnodes.encode()),
		seed("mixnodes-too-few", 2, &few.encode()),
		seed("status", 3, &status.encode()),
		seed("error-text", 4, b"\x01some words"),
		seed("extrinsic-delay", 5, &[3; 16]),
	]
}

fn state_machine() -> Vec<Seed> {
	let usual = [0; config::SIZE];
	let tight = [2; config::SIZE];
	// The last byte says that drivers build.
	let mut built = usual;
	built[config::SIZE - 1] = 1;
	let seed = |name, config: &[u8; config::SIZE], parts: &[&[u8]]| {
		("state_machine", name, [&[0][..], config, &parts.concat()].concat())
	};
	// How the network begins, and which nodes are no mixnodes in either session.
	let begin = |phase: u8, previous: u8, current: u8| [phase << 1, previous, current];
	let in_phase_3: &[u8] = &begin(3, 0, 0);
	let run = |times| [0, 7].repeat(times);
	// Node, size, SURBs, delay.
	let post = |node| [10, node, 0, 0, 0];
	let post_all: Vec<u8> = (0..4).flat_map(post).collect();
	// Node, which request, size of the reply, how.
	let reply_all: Vec<u8> = (0..4).flat_map(|node| [13, node, 0, 0, 3]).collect();
	let ask: &[u8] = &[&post_all[..], &run(4), &reply_all, &run(4), &reply_all, &run(8)].concat();
	// Session, phase, whether to register before, which nodes do not, and whether for one node only.
	let next_session: &[u8] = &[16, 0, 3, 1, 0, 0];
	let phase = |phase| [16, phase, 0, 0, 0];
	let rotate: &[u8] = &[next_session, &run(1), &phase(1), &run(1), &phase(2), &run(1), &phase(3), &run(1)].concat();
	let fragment: &[u8] = &[8, 0, 9, 0, 0, 0, 100, 2, 1, 1, 2];
	// Session (the next one, or this many back), which nodes, whether the chain has them too, and the parameters.
	let parameters = |back: u8| [&[20, back, 7, 0][..], &[0, 0, 0, 0, 1, 1, 1, 0, 0, 2, 3, 0]].concat();
	let nonsense = [&[20, 0, 7, 0, 7, 9][..], &[1; 40]].concat();
	let mut twice = seed("twice", &usual, &[in_phase_3, ask]);
	twice.2[0] = 128;
	let mut unanswered = seed("unanswered", &usual, &[in_phase_3, &post_all, &[10, 0, 7, 4, 1]]);
	unanswered.2[0] = 64;
	let long = [10, 0, 7, 4, 1, 10, 1, 6, 0, 0, 10, 2, 8, 0, 0, 10, 3, 0, 6, 0];
	vec![
		seed("cover", &usual, &[in_phase_3, &run(8)]),
		seed("nothing-known", &usual, &[&[1, 0, 0], &post(0), &rotate[..6], &run(2)]),
		seed("ask-in-phase-0", &usual, &[&begin(0, 8, 1), ask]),
		seed("ask-in-phase-1", &usual, &[&begin(1, 8, 1), ask]),
		seed("ask-in-phase-2", &usual, &[&begin(2, 8, 1), ask]),
		seed("ask-in-phase-3", &usual, &[in_phase_3, ask]),
		seed("ask-where-drivers-build", &built, &[in_phase_3, ask]),
		seed("rotate-where-drivers-build", &built, &[in_phase_3, &post_all, rotate, &post_all, rotate, &run(4)]),
		seed(
			"ask-as-a-user",
			&usual,
			&[
				&begin(3, 8, 8),
				&post(3),
				&post(3),
				&post(3),
				&run(4),
				&reply_all,
				&run(4),
				&reply_all,
				&run(4),
				&reply_all,
				&run(8),
			],
		),
		seed("ask-with-little-room", &tight, &[in_phase_3, ask]),
		seed("ask-much", &usual, &[in_phase_3, &long, &run(16)]),
		seed("cancel", &usual, &[in_phase_3, &post_all, &[12, 0, 0, 0], &run(2), &[12, 1, 0, 0, 12, 1, 0, 3], &run(2)]),
		seed("rotate", &usual, &[in_phase_3, &post_all, rotate, &post_all, rotate, &run(4)]),
		seed(
			"skip-and-step-back",
			&usual,
			&[in_phase_3, &post_all, &[16, 0, 4, 1, 0, 0], &run(2), &[16, 1, 5, 0, 0], &run(2)],
		),
		seed(
			"last-session",
			&usual,
			&[in_phase_3, &post_all, &[16, 1, 6, 1, 1, 0, 0], &run(1), &[16, 3, 3, 0, 0], &run(1)],
		),
		seed("odd-mixnodes", &usual, &[&[1, 0, 0], &[16, 3, 3, 0, 0], &[17, 7, 1, 3, 2, 1], &post_all, &run(4)]),
		seed("too-many-mixnodes", &usual, &[&[1, 0, 0], &[16, 3, 3, 0, 0], &[17, 7, 1, 6, 1], &post_all]),
		seed("resting", &usual, &[&[1, 0, 0], &[16, 3, 3, 0, 0], &[17, 7, 1, 7, 1], &post_all]),
		seed("attack-with-bytes", &usual, &[in_phase_3, &[6, 0, 40], &[3; 40], &[6, 1, 0]]),
		seed("attack-with-actions", &usual, &[in_phase_3, &[7, 0, 5, 1, 0, 0, 1, 1, 1, 2, 9], &[7, 0, 6, 0, 0, 1, 7]]),
		seed("attack-with-fragment", &usual, &[in_phase_3, fragment, &run(2), &reply_all, &run(2)]),
		seed(
			"replay",
			&usual,
			&[in_phase_3, &run(4), &[5, 0, 0, 5, 1, 0x81, 5, 2, 1], &[4, 0, 1, 2, 4, 0, 2, 60, 0, 1]],
		),
		seed("time", &usual, &[in_phase_3, &post_all, &[3, 8, 7, 0, 3, 9, 1, 0, 3, 10, 7, 0, 3, 4, 7, 7], &run(4)]),
		seed(
			"lazy",
			&usual,
			&[in_phase_3, &[18, 0, 0], &post_all, &[3, 7, 7, 0], &[18, 1, 2, 7, 18, 1, 3, 7], &run(4)],
		),
		seed(
			"disconnect",
			&usual,
			&[&begin(3, 8, 8), &[15, 3, 0, 0, 15, 3, 1, 0, 15, 3, 2, 0], &post(3), &[3, 7, 7, 0]],
		),
		seed("keys", &usual, &[in_phase_3, &[19, 0, 2, 19, 1, 1, 2, 5, 19, 2, 0, 0], next_session, &run(2)]),
		seed("parameters", &usual, &[in_phase_3, &parameters(0), next_session, &phase(1), ask, &run(8)]),
		seed("parameters-twice", &usual, &[in_phase_3, &parameters(0), &post_all, rotate, &nonsense, rotate, &run(4)]),
		seed("parameters-late", &usual, &[in_phase_3, &parameters(1), &parameters(1), ask, &nonsense, rotate]),
		twice,
		unanswered,
	]
}

const _: () = assert!(NODES >= MAX_HOPS);
