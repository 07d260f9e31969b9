//! Packets that the reference implementation (`mixnet` 0.7.0) made, hop by hop.
//!
//! The file has the secrets of a session's nodes, eight mixnodes and a user. For each packet it holds what every node on
//! its route received, and what was delivered at the end. Every hop must unwrap to the same bytes, and every delivery to
//! the same message. Replies are decrypted with keys computed from the secrets on their route and from the SURB in their
//! request. They must also be what that SURB makes of the reply.
//!
//! `REFERENCE_VECTORS` may name another file of the same format, plain or gzipped.

use curve25519_dalek::MontgomeryPoint;
use flate2::read::GzDecoder;
use mixnet_node_core::{
	message::{split, AssembledMessage, Assembler, MessageId, FRAGMENT_SIZE},
	sphinx::{
		finish_batch, open_batch, reply_payload, use_surb, Action, Backend, KxSecret, MixnodeIndex, Opened, Packet,
		PayloadData, Scratch, Surb, SurbKeys, Target, UnwrapError, Unwrapping, SURB_SIZE,
	},
	KxPublic, PeerId,
};
use serde::{Deserialize, Deserializer};
use std::{collections::BTreeMap, env, fs, io::Read, path::Path};

const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference-vectors.json.gz");

/// Bytes, as hex digits in the file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Hex(Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let text = String::deserialize(deserializer)?;
		hex::decode(text).map(Self).map_err(serde::de::Error::custom)
	}
}

impl Hex {
	fn array<const N: usize>(&self) -> Result<[u8; N], String> {
		self.0[..].try_into().map_err(|_| format!("{} bytes where {N} were expected", self.0.len()))
	}
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
	/// How many nodes, from the first on, are mixnodes.
	mixnodes: usize,
	peer_ids: Vec<Hex>,
	publics: Vec<Hex>,
	secrets: Vec<Hex>,
	walks: Vec<Walk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Walk {
	kind: Kind,
	hops: Vec<Received>,
	/// What the last node delivered, if anything.
	delivered: Option<Delivered>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
	#[serde(rename = "cover")]
	Cover,
	#[serde(rename = "authored")]
	Authored,
	#[serde(rename = "reply or cover")]
	ReplyOrCover,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Received {
	node: usize,
	packet: Hex,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Delivered {
	Request { data: Hex, id: Hex, surbs: Vec<Hex> },
	Reply { data: Hex, request_id: Hex },
}

struct Node {
	peer_id: PeerId,
	secret: KxSecret,
	assembler: Assembler,
}

/// Counts of what was checked.
#[derive(Default, PartialEq, Eq, Debug)]
struct Checked {
	/// Packets by kind and by what became of them.
	packets: BTreeMap<(Kind, &'static str), usize>,
	/// Packets as received by a node.
	hops: usize,
	/// Messages delivered.
	requests: usize,
	replies: usize,
}

fn ensure(condition: bool, what: impl Into<String>) -> Result<(), String> {
	condition.then_some(()).ok_or_else(|| what.into())
}

fn packet(received: &Received) -> Result<Packet, String> {
	Packet::try_from(&received.packet.0[..]).map_err(|error| error.to_string())
}

/// The secret that `node` shares with the source of `packet`, computed without the code under test.
fn shared_secret(node: &Node, packet: &Packet) -> [u8; 32] {
	let kx_public = packet.as_bytes()[..32].try_into().expect("a slice of 32 bytes; qed");
	MontgomeryPoint(kx_public).mul_clamped(*node.secret.expose_bytes()).to_bytes()
}

struct Checker {
	nodes: Vec<Node>,
	mixnodes: usize,
	/// The SURBs delivered so far, by the header of the reply that each makes: the SURB, and its request.
	surbs: BTreeMap<Vec<u8>, ([u8; SURB_SIZE], MessageId)>,
	checked: Checked,
}

impl Checker {
	fn new(vectors: &Vectors) -> Result<Self, String> {
		let count = vectors.secrets.len();
		ensure(vectors.publics.len() == count && vectors.peer_ids.len() == count, "lists of different lengths")?;
		ensure(vectors.mixnodes <= count, "more mixnodes than nodes")?;
		let mut nodes = Vec::new();
		for ((secret, public), peer_id) in vectors.secrets.iter().zip(&vectors.publics).zip(&vectors.peer_ids) {
			let secret = KxSecret::from_bytes(secret.array()?);
			ensure(secret.public() == KxPublic(public.array()?), "a public key is not the secret key's")?;
			nodes.push(Node { peer_id: PeerId(peer_id.array()?), secret, assembler: Assembler::new(2000, 2000) });
		}
		Ok(Self { nodes, mixnodes: vectors.mixnodes, surbs: BTreeMap::new(), checked: Checked::default() })
	}

	fn node(&mut self, index: usize) -> Result<&mut Node, String> {
		self.nodes.get_mut(index).ok_or(format!("there is no node {index}"))
	}

	/// The node that a packet for `target` is sent to.
	fn find(&self, target: Target) -> Option<usize> {
		match target {
			Target::Mixnode(index) => Some(index.get().into()).filter(|index| *index < self.mixnodes),
			Target::Peer(peer_id) => self.nodes.iter().position(|node| node.peer_id == peer_id),
		}
	}

	fn walk(&mut self, walk: &Walk) -> Result<(), String> {
		let (last, forwarding) = walk.hops.split_last().ok_or("a packet without hops")?;
		for (hop, next) in forwarding.iter().zip(&walk.hops[1..]) {
			let opened = self.open(hop)?;
			let Action::Forward { target, delay } = *opened.action() else {
				return Err(format!("node {} delivers what it should forward", hop.node));
			};
			ensure((0.0..=10.0).contains(&delay), format!("a delay of {delay}"))?;
			ensure(self.find(target) == Some(next.node), format!("{target:?} is not node {}", next.node))?;
			let forwarded = opened.forward(packet(hop)?);
			ensure(forwarded == packet(next)?, format!("node {} forwards other bytes", hop.node))?;
		}

		let opened = self.open(last)?;
		let outcome = match (walk.kind, *opened.action()) {
			(_, Action::Forward { .. }) => return Err("the last node forwards".into()),
			(_, Action::DeliverCover { cover_id }) => {
				ensure(cover_id.is_none(), "cover with an ID, which the reference does not send")?;
				ensure(walk.delivered.is_none(), "something was delivered, but this is cover")?;
				"cover"
			},
			(Kind::Authored, Action::DeliverRequest) => {
				self.request(walk, last, opened)?;
				"request"
			},
			(Kind::ReplyOrCover, Action::DeliverReply { .. }) => {
				self.reply(walk, last)?;
				"reply"
			},
			(kind, action) => return Err(format!("{action:?} at the end of a packet of kind {kind:?}")),
		};
		*self.checked.packets.entry((walk.kind, outcome)).or_default() += 1;
		Ok(())
	}

	/// Unwraps all that a node received as one batch, with another node's key tried first. Checks that the results are
	/// what the next hops received.
	fn batches<'w>(&self, walks: &'w [Walk], backend: Backend) -> Result<(), String> {
		for (index, node) in self.nodes.iter().enumerate() {
			let nexts = |walk: &'w Walk| walk.hops.iter().zip(walk.hops[1..].iter().map(Some).chain([None]));
			let received: Vec<_> = walks.iter().flat_map(nexts).filter(|(hop, _)| hop.node == index).collect();
			let packets = received.iter().map(|(hop, _)| packet(hop).map(Unwrapping::from));
			let mut batch = packets.collect::<Result<Vec<_>, _>>()?;
			let mut scratch = Scratch::new();
			let other = &self.nodes[(index + 1) % self.nodes.len()];
			open_batch(backend, &mut scratch, &[&other.secret, &node.secret], &mut batch);
			finish_batch(backend, &mut scratch, &mut batch, |_| true);
			for (unwrapping, (_, next)) in batch.into_iter().zip(received) {
				let key = unwrapping.opened().map(|(key, _)| key).map_err(|error| error.to_string())?;
				ensure(key == 1, "opened with another node's key")?;
				let payload = unwrapping.request_payload();
				ensure(!matches!(payload, Some(Err(_))), "the payload of a request was changed")?;
				let forwarded = unwrapping.into_forwarded();
				ensure(forwarded == next.map(packet).transpose()?, format!("{backend}: node {index} forwards others"))?;
			}
		}
		Ok(())
	}

	/// Opens a packet as the node that received it. No other node must be able to.
	fn open(&mut self, received: &Received) -> Result<Opened, String> {
		let packet = packet(received)?;
		for (index, node) in self.nodes.iter().enumerate().filter(|(index, _)| *index != received.node) {
			let error = Opened::open(&node.secret, &packet).err();
			ensure(error == Some(UnwrapError::BadMac), format!("node {index} opens a packet for {}", received.node))?;
		}
		self.checked.hops += 1;
		let node = self.node(received.node)?;
		Opened::open(&node.secret, &packet).map_err(|error| format!("node {}: {error}", received.node))
	}

	fn request(&mut self, walk: &Walk, last: &Received, opened: Opened) -> Result<(), String> {
		let mut packet = packet(last)?;
		let fragment = opened.request_payload(&mut packet).map_err(|error| error.to_string())?;
		let whole = self.assemble(last.node, fragment)?;
		let Some(Delivered::Request { data, id, surbs }) = &walk.delivered else {
			ensure(whole.is_none(), "a whole request, which was not delivered")?;
			return ensure(walk.delivered.is_none(), "a request, and no request was delivered");
		};
		let id = MessageId(id.array()?);
		check_message(fragment, whole, Some(id), &data.0, surbs)?;
		for surb in surbs {
			let surb: [u8; SURB_SIZE] = surb.array()?;
			self.surbs.insert(surb[2..190].to_vec(), (surb, id));
		}
		self.checked.requests += 1;
		Ok(())
	}

	fn reply(&mut self, walk: &Walk, last: &Received) -> Result<(), String> {
		let first = &walk.hops[0];
		let first_packet = packet(first)?;
		let used = self.surbs.remove(&first_packet.as_bytes()[..188]);
		let (surb, request) = used.ok_or("a reply over a SURB that was not delivered, or was used")?;

		// The keys that the SURB's maker keeps: from the SURB's first secret, and from every hop but the last.
		let mut hop_secrets = Vec::new();
		for hop in &walk.hops[..walk.hops.len() - 1] {
			let packet = packet(hop)?;
			hop_secrets.push(shared_secret(self.node(hop.node)?, &packet));
		}
		let first_secret = surb[190..].try_into().expect("the last 32 bytes of 222; qed");
		let keys = SurbKeys::from_secrets(first_secret, &hop_secrets);
		let mut packet = packet(last)?;
		let fragment = *reply_payload(&keys, &mut packet).map_err(|error| error.to_string())?;

		// The same from the destination's side.
		let to = MixnodeIndex::new(first.node.try_into().map_err(|_| "no mixnode")?).ok_or("no mixnode")?;
		ensure(use_surb(Surb::from(surb), &fragment) == Ok((to, first_packet)), "the SURB makes another packet")?;

		let whole = self.assemble(last.node, &fragment)?;
		let Some(Delivered::Reply { data, request_id }) = &walk.delivered else {
			ensure(whole.is_none(), "a whole reply, which was not delivered")?;
			return ensure(walk.delivered.is_none(), "a reply, and no reply was delivered");
		};
		ensure(request == MessageId(request_id.array()?), "a reply to another request")?;
		check_message(&fragment, whole, None, &data.0, &[])?;
		self.checked.replies += 1;
		Ok(())
	}

	/// The whole message, if this was the last fragment of it that is in the file and none is missing.
	fn assemble(&mut self, node: usize, fragment: &PayloadData) -> Result<Option<AssembledMessage>, String> {
		self.node(node)?.assembler.insert(fragment, 25).map_err(|error| error.to_string())
	}
}

/// Checks a message that was delivered when `fragment` came. We must split it into this fragment and others, and put the
/// same message together. (`whole` is `None` if the file lacks packets of other fragments.)
fn check_message(
	fragment: &PayloadData,
	whole: Option<AssembledMessage>,
	id: Option<MessageId>,
	data: &[u8],
	surbs: &[Hex],
) -> Result<(), String> {
	let of = MessageId(fragment[..16].try_into().expect("a slice of 16 bytes; qed"));
	ensure(id.is_none_or(|id| id == of), "a message of another ID")?;
	let plans = split(of, data, surbs.len(), 25).map_err(|error| error.to_string())?;
	let index = usize::from(u16::from_le_bytes([fragment[18], fragment[19]]));
	let plan = plans.get(index).ok_or("more fragments than we make of it")?;
	let skip = plans[..index].iter().map(|plan| plan.surbs()).sum();
	let own = surbs.iter().skip(skip).take(plan.surbs()).map(|surb| surb.array().map(Surb::from));
	let mut ours = [0xee; FRAGMENT_SIZE];
	plan.write(&mut ours, data, &own.collect::<Result<Vec<_>, _>>()?).map_err(|error| error.to_string())?;
	ensure(ours == *fragment, "another fragment than we make of it")?;

	match whole {
		None => ensure(plans.len() > 1, "a whole message, which we did not recognise"),
		Some(message) => {
			ensure(message.id == of && message.data == data, "a message of other data")?;
			ensure(surbs.iter().map(|surb| &surb.0[..]).eq(message.surbs.iter().map(surb_bytes)), "other SURBs")
		},
	}
}

fn surb_bytes(surb: &Surb) -> &[u8] {
	surb.as_bytes()
}

/// Checks a file's content. Returns counts of what was checked, or what is wrong.
fn check(content: &[u8]) -> Result<Checked, String> {
	let mut plain = Vec::new();
	if content.starts_with(&[0x1f, 0x8b]) {
		GzDecoder::new(content).read_to_end(&mut plain).map_err(|error| error.to_string())?;
	} else {
		plain.extend_from_slice(content);
	}
	let vectors: Vectors = serde_json::from_slice(&plain).map_err(|error| error.to_string())?;
	let mut checker = Checker::new(&vectors)?;
	for (number, walk) in vectors.walks.iter().enumerate() {
		checker.walk(walk).map_err(|error| format!("packet {number}: {error}"))?;
	}
	ensure(checker.checked.hops > 0, "no packet in it")?;
	for backend in Backend::available() {
		checker.batches(&vectors.walks, backend)?;
	}
	Ok(checker.checked)
}

fn check_file(path: &Path) -> Result<Checked, String> {
	let content = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
	check(&content).map_err(|error| format!("{}: {error}", path.display()))
}

#[test]
fn the_reference_implementations_packets_unwrap_to_the_same_bytes() {
	let named = env::var_os("REFERENCE_VECTORS");
	let path = named.as_deref().unwrap_or(OURS.as_ref());
	let checked = check_file(Path::new(path)).unwrap();
	for ((kind, outcome), count) in &checked.packets {
		println!("{count} packets of kind {kind:?}, which turned out to be: {outcome}");
	}
	println!("{} hops, {} requests, {} replies delivered", checked.hops, checked.requests, checked.replies);
	assert!(checked.packets.values().sum::<usize>() > 0);
}

#[test]
fn our_file_covers_every_kind_of_packet() {
	let checked = check_file(Path::new(OURS)).unwrap();
	for kind in [Kind::Cover, Kind::Authored, Kind::ReplyOrCover] {
		assert!(checked.packets.keys().any(|(of, _)| *of == kind));
	}
	assert_eq!(checked.packets.values().sum::<usize>(), 26);
	assert_eq!((checked.hops, checked.requests, checked.replies), (156, 3, 3));
}

#[test]
fn a_file_that_is_missing_or_malformed_fails() {
	assert!(check_file(Path::new("/nonexistent/reference-vectors.json")).is_err());
	assert!(check(b"").is_err());
	assert!(check(b"{}").is_err());
	let content = fs::read(OURS).unwrap();
	assert!(check(&content[..content.len() / 2]).is_err());

	let mut plain = String::new();
	GzDecoder::new(&content[..]).read_to_string(&mut plain).unwrap();
	assert_eq!(check(plain.as_bytes()), check(&content));
	let changed = |from: &str, to: &str| check(plain.replacen(from, to, 1).as_bytes());
	assert!(plain.contains("\"reply or cover\"") && plain.contains("\"walks\""));
	assert!(changed("\"reply or cover\"", "\"reply\"").is_err());
	assert!(changed("\"reply or cover\"", "\"cover\"").is_err());
	assert!(changed("\"walks\"", "\"talks\"").is_err());

	// One digit is changed, anywhere in the packets.
	let json: serde_json::Value = serde_json::from_str(&plain).unwrap();
	for walk in [0, 6, 7] {
		for hop in 0..6 {
			for digit in [0, 100, 4503] {
				let mut json = json.clone();
				let serde_json::Value::String(packet) = &mut json["walks"][walk]["hops"][hop]["packet"] else {
					panic!()
				};
				let new = if packet.as_bytes()[digit] == b'0' { "1" } else { "0" };
				packet.replace_range(digit..digit + 1, new);
				let error = check(json.to_string().as_bytes());
				// The last hop of a cover packet throws the payload away, but the hop before must have made it.
				assert!(error.is_err(), "packet {walk}, hop {hop}, digit {digit}");
			}
		}
	}
	let mut json = json;
	json["walks"] = serde_json::json!([]);
	assert_eq!(check(json.to_string().as_bytes()), Err("no packet in it".into()));
}
