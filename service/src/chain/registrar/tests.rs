//! The registrar, between a chain, a core and a network that do what a test says.

mod addresses_change;
mod blocks;
mod reachable;

use super::*;
use crate::{
	handle::Command,
	network::{peer_id::to_mixnet_peer_id, reachability::asker::Reachability},
};
use log::Level;
use mixnet_node_core::KxSecret;
use mixnet_primitives::{
	check_address, MixnodesPage, Place, RegisteredMixnode, RegistrationAdvice, RegistrationStatus, Standing,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use sc_network::service::signature::{Keypair, Signature, SigningError};
use sc_network_types::multiaddr::Multiaddr;
use sp_core::{ed25519, Pair as _};
use sp_keystore::{testing::MemoryKeystore, Keystore as _};
use std::{collections::BTreeMap, sync::Mutex};

const GENESIS: [u8; 32] = [0xee; 32];
/// The session that registrations are for.
const NEXT: SessionIndex = 8;

/// The chain at a block. It gives the answers of the test, and keeps what it is sent.
struct Chain {
	statuses: BTreeMap<Registrant, RegistrationStatus>,
	answer: Result<(), SubmitError>,
	/// Whether it takes addresses of private networks.
	is_private: bool,
	/// The mixnodes of the current session.
	mixnodes: Vec<Mixnode>,
	sent: Mutex<Vec<(Registration, RegistrationProofs)>>,
}

impl Chain {
	fn new<const N: usize>(statuses: [(Registrant, RegistrationStatus); N]) -> Self {
		let (statuses, mixnodes) = (statuses.into(), Vec::new());
		Self { statuses, answer: Ok(()), is_private: false, mixnodes, sent: Mutex::default() }
	}

	/// The registrations that were sent since the last call.
	fn take_sent(&self) -> Vec<(Registration, RegistrationProofs)> {
		std::mem::take(&mut self.sent.lock().expect("no test panics while it holds this; qed"))
	}
}

impl Registrations for Chain {
	fn status(&self, registrant: Registrant, _: KxPublic) -> Result<RegistrationStatus, ApiError> {
		Ok(self.statuses[&registrant].clone())
	}

	fn submit(
		&self,
		registration: Registration,
		proofs: RegistrationProofs,
	) -> Result<Result<(), SubmitError>, ApiError> {
		let Mixnode { external_addresses, peer_id, .. } = &registration.mixnode;
		let mut hosts = external_addresses.iter().map(|address| check_address(address, peer_id).expect("good; qed"));
		let answer = if external_addresses.is_empty() {
			Err(SubmitError::Refused(RegistrationError::NoAddress))
		} else if !self.is_private && hosts.any(|host| !host.is_reachable()) {
			Err(SubmitError::Refused(RegistrationError::UnreachableAddress))
		} else {
			self.answer
		};
		self.sent.lock().expect("no test panics while it holds this; qed").push((registration, proofs));
		Ok(answer)
	}

	fn mixnodes_page(&self, session: SessionIndex, start: Place, count: u32) -> Result<Option<MixnodesPage>, ApiError> {
		let mixnodes = self.mixnodes.iter().skip(start as usize).take(count as usize).cloned().collect();
		let page = MixnodesPage { total: self.mixnodes.len() as u32, required: 1, mixnodes };
		Ok((session + 1 == NEXT).then_some(page))
	}
}

struct Network {
	keypair: Keypair,
	external_addresses: Mutex<Vec<Multiaddr>>,
}

impl Network {
	fn peer_id(&self) -> PeerId {
		to_mixnet_peer_id(&self.local_peer_id()).expect("an Ed25519 key; qed")
	}
}

impl NetworkStateInfo for Network {
	fn external_addresses(&self) -> Vec<Multiaddr> {
		self.external_addresses.lock().expect("no test panics while it holds this; qed").clone()
	}

	fn listen_addresses(&self) -> Vec<Multiaddr> {
		unreachable!("others cannot know where we listen")
	}

	fn local_peer_id(&self) -> sc_network_types::PeerId {
		self.keypair.public().to_peer_id()
	}
}

impl NetworkSigner for Network {
	fn sign_with_local_identity(&self, message: Vec<u8>) -> Result<Signature, SigningError> {
		Signature::sign_message(message, &self.keypair)
	}

	fn verify(&self, _: sc_network_types::PeerId, _: &Vec<u8>, _: &Vec<u8>, _: &Vec<u8>) -> Result<bool, String> {
		unreachable!("the chain does that")
	}
}

/// A registrar with these keys, and its key for the next session.
struct Node {
	registrar: Registrar<[u8; 32], Network>,
	keys: Vec<Registrant>,
	kx_public: KxPublic,
	peer_id: PeerId,
	next_key: watch::Sender<Option<NextKey>>,
	/// The mixnodes that this node has asked whether they can reach it.
	asked: Arc<reachable::Asked>,
	reachability: watch::Receiver<Reachability>,
}

impl Node {
	fn new(keys: usize) -> Self {
		let keystore = MemoryKeystore::new();
		let mut keys: Vec<_> = (0..keys)
			.map(|_| Registrant(keystore.sr25519_generate_new(KEY_TYPE, None).expect("it takes any; qed").0))
			.collect();
		keys.sort();
		let (handle, mut commands) = Handle::new(4);
		let secret = KxSecret::from_bytes([3; 32]);
		let kx_public = secret.public();
		tokio::spawn(async move {
			let mut rng = ChaCha20Rng::seed_from_u64(1);
			while let Some(command) = commands.recv().await {
				let Command::ProvePossession { session, kx_public, message, answer } = command else { continue };
				let is_ours = session == NEXT && kx_public == secret.public();
				let _ = answer.send(is_ours.then(|| secret.prove_possession(&mut rng, &message)));
			}
		});
		let network = Network { keypair: Keypair::generate_ed25519(), external_addresses: Mutex::default() };
		let peer_id = network.peer_id();
		let (next_key, receiver) = watch::channel(Some(NextKey { session: NEXT, kx_public }));
		let parts = RegistrarParts {
			genesis_hash: GENESIS,
			keystore: Arc::new(keystore),
			network: Arc::new(network),
			peer_id,
			handle,
			next_key: receiver,
		};
		let asked = Arc::<reachable::Asked>::default();
		let (told, reachability) = watch::channel(Reachability::default());
		let asking = AskingParts { asker: asked.clone(), dialled: Reach::Internet, told };
		let registrar = Registrar::new(parts, asking);
		let node = Self { registrar, keys, kx_public, peer_id, next_key, asked, reachability };
		node.find_addresses(&["/memory/7", "/ip4/1.2.3.4/tcp/30333"]);
		node
	}

	/// The network has found out that the node has these addresses, and no others.
	fn find_addresses(&self, addresses: &[&str]) {
		let addresses = addresses.iter().map(|address| address.parse().expect("well formed; qed")).collect();
		let known = &self.registrar.parts.network.external_addresses;
		*known.lock().expect("no test panics while it holds this; qed") = addresses;
	}

	async fn step(&mut self, chain: &Chain) -> bool {
		self.registrar.step(chain).await.expect("nothing fails here")
	}

	/// The notes that the operator gets if the chain says this.
	fn notes(&mut self, statuses: &[(Registrant, RegistrationStatus)]) -> Vec<Note> {
		self.registrar.journal.note(statuses, &self.kx_public)
	}

	/// This node as it is registered, under its present key or under one that it has lost.
	fn ours(&self, registrant: Registrant, standing: Standing, lost: bool) -> RegisteredMixnode {
		let kx_public = if lost { KxPublic([9; 32]) } else { self.kx_public };
		RegisteredMixnode { registrant, rank: 1, standing, revision: 0, kx_public, peer_id: self.peer_id }
	}
}

fn status(advice: RegistrationAdvice, revision: u8, registered: Option<RegisteredMixnode>) -> RegistrationStatus {
	RegistrationStatus { session_index: NEXT, registered, revision, advice }
}

fn missing(error: RegistrationError) -> RegistrationStatus {
	status(RegistrationAdvice::Missing(error), 0, None)
}

#[tokio::test]
async fn a_registration_is_signed_by_all_three_keys() {
	let mut node = Node::new(1);
	let key = node.keys[0];
	let chain = Chain::new([(key, status(RegistrationAdvice::Register, 2, None))]);
	assert!(node.step(&chain).await);
	let sent = chain.take_sent();
	let [(registration, proofs)] = &sent[..] else { panic!("sent {sent:?}") };
	let expected = Registration {
		session_index: NEXT,
		registrant: key,
		revision: 2,
		mixnode: Mixnode {
			kx_public: node.kx_public,
			peer_id: node.peer_id,
			// The address that the chain would refuse is left out.
			external_addresses: vec![b"/ip4/1.2.3.4/tcp/30333".to_vec()],
		},
	};
	assert_eq!(*registration, expected);

	let payload = registration.signing_payload(&GENESIS);
	assert!(sr25519::Pair::verify(&proofs.registrant.into(), &payload, &key.0.into()));
	let possessed = node.kx_public.to_ed25519().expect("it is a key; qed");
	assert!(ed25519::Pair::verify(&proofs.possession.into(), &payload, &possessed.into()));
	assert!(ed25519::Pair::verify(&proofs.peer.into(), &payload, &node.peer_id.0.into()));
}

#[tokio::test]
async fn nothing_is_sent_unless_the_chain_asks_for_it() {
	let mut node = Node::new(1);
	let key = node.keys[0];
	let registered = node.ours(key, Standing::Elected(0), false);
	for quiet in [
		status(RegistrationAdvice::Wait, 0, None),
		status(RegistrationAdvice::Registered, 1, Some(registered)),
		missing(RegistrationError::NotARegistrant),
		// The best chain has begun a session that the core does not know of yet.
		RegistrationStatus { session_index: NEXT + 1, ..status(RegistrationAdvice::Register, 0, None) },
	] {
		let chain = Chain::new([(key, quiet)]);
		assert!(!node.step(&chain).await);
		assert_eq!(chain.take_sent(), []);
	}
	node.next_key.send(None).expect("the registrar listens; qed");
	let chain = Chain::new([(key, status(RegistrationAdvice::Register, 0, None))]);
	assert!(!node.step(&chain).await, "there is no key to register");
}

/// The core proves nothing once the session has begun.
#[tokio::test]
async fn without_a_proof_of_possession_nothing_is_sent() {
	let mut node = Node::new(1);
	let key = NextKey { session: NEXT, kx_public: KxPublic([5; 32]) };
	node.next_key.send(Some(key)).expect("the registrar listens; qed");
	let chain = Chain::new([(node.keys[0], status(RegistrationAdvice::Register, 0, None))]);
	assert!(matches!(node.registrar.step(&chain).await, Err(StepError::NoPossession)));
	assert_eq!(chain.take_sent(), []);
}

#[tokio::test]
async fn of_several_keys_only_the_first_one_that_may_register_does() {
	let mut node = Node::new(3);
	let [first, second, third] = [0, 1, 2].map(|index| node.keys[index]);
	let register = || status(RegistrationAdvice::Register, 0, None);
	let sender = |chain: &Chain| chain.take_sent().iter().map(|(sent, _)| sent.registrant).collect::<Vec<_>>();

	let not_yet = missing(RegistrationError::OperatorTooRecent);
	let chain = Chain::new([(first, not_yet), (second, register()), (third, register())]);
	node.step(&chain).await;
	assert_eq!(sender(&chain), [second]);

	// Now the first one may register too, but the peer ID is registered by the second one.
	for (advice, revision, lost) in
		[(RegistrationAdvice::Registered, 1, false), (RegistrationAdvice::Register, 1, true)]
	{
		let registered = node.ours(second, Standing::Elected(3), lost);
		let of_second = status(advice, revision, Some(registered));
		let chain = Chain::new([(first, register()), (second, of_second), (third, register())]);
		node.step(&chain).await;
		assert_eq!(sender(&chain), if lost { vec![second] } else { vec![] });
	}
}

#[tokio::test]
async fn a_node_that_lost_its_key_replaces_what_it_registered() {
	let mut node = Node::new(1);
	let key = node.keys[0];
	let lost = node.ours(key, Standing::Elected(3), true);
	let chain = Chain::new([(key, status(RegistrationAdvice::Register, 1, Some(lost)))]);
	node.step(&chain).await;
	let sent = chain.take_sent();
	assert_eq!((sent.len(), sent[0].0.revision), (1, 1));
}

/// Two nodes with one keystore must not replace each other in turns.
#[tokio::test]
async fn a_node_that_another_one_replaced_does_not_replace_it_back() {
	let mut node = Node::new(1);
	let key = node.keys[0];
	let ours = node.ours(key, Standing::Elected(3), false);
	let others = RegisteredMixnode { peer_id: PeerId([1; 32]), kx_public: KxPublic([2; 32]), ..ours.clone() };
	let by_other = status(RegistrationAdvice::Register, 1, Some(others));

	// The other node was there first, as when a node has moved to another machine. This one replaces it.
	let chain = Chain::new([(key, by_other.clone())]);
	assert!(node.step(&chain).await);
	assert_eq!(chain.take_sent().len(), 1);

	assert_eq!(node.notes(&[(key, status(RegistrationAdvice::Registered, 2, Some(ours)))]).len(), 1);
	assert!(!node.step(&chain).await);
	assert_eq!(chain.take_sent(), []);
	assert_eq!(node.notes(&[(key, by_other)]), [], "it was told in that step");
}

#[tokio::test]
async fn each_change_of_a_candidacy_is_told_once() {
	let mut node = Node::new(1);
	let key = node.keys[0];
	let elected = node.ours(key, Standing::Elected(3), false);
	let moved = RegisteredMixnode { standing: Standing::Elected(1), ..elected.clone() };
	let stands_by = RegisteredMixnode { standing: Standing::Standby, ..elected.clone() };
	let registered = |registered| status(RegistrationAdvice::Registered, 1, Some(registered));
	for (status, words) in [
		(status(RegistrationAdvice::Wait, 0, None), None),
		(status(RegistrationAdvice::Register, 0, None), None),
		(registered(elected.clone()), Some("elected as mixnode 3")),
		(registered(elected.clone()), None),
		(registered(moved), None),
		(registered(stands_by), Some("Displaced by a better candidate")),
		(registered(elected), Some("Moved up")),
		(missing(RegistrationError::RankTooLow), Some("not elected for session 8")),
		(missing(RegistrationError::RankTooLow), None),
	] {
		let notes = node.notes(&[(key, status)]);
		assert_eq!(notes.len(), usize::from(words.is_some()), "{notes:?}");
		for (note, words) in notes.iter().zip(words) {
			assert!(note.words.contains(words), "{}", note.words);
			assert_eq!(note.level, Level::Info);
		}
	}
}

#[tokio::test]
async fn a_missing_requirement_is_told_once_with_advice() {
	let mut node = Node::new(2);
	let [first, second] = [0, 1].map(|index| node.keys[index]);
	let stranger = || missing(RegistrationError::NotARegistrant);
	let told = |notes: Vec<Note>| notes.into_iter().map(|note| (note.level, note.words)).collect::<Vec<_>>();

	let notes = told(node.notes(&[(first, stranger()), (second, stranger())]));
	assert_eq!(notes.len(), 2, "each key's");
	assert!(notes.iter().all(|(level, words)| *level == Level::Warn && words.contains("set_operator_key")));
	// It is not told again at each block, nor in each session.
	for session_index in NEXT..NEXT + 2 {
		let stranger = || RegistrationStatus { session_index, ..stranger() };
		assert_eq!(node.notes(&[(first, stranger()), (second, stranger())]), []);
	}

	// One of the keys may register, so it does not matter that the other may not.
	let wait = status(RegistrationAdvice::Wait, 0, None);
	assert_eq!(node.notes(&[(first, missing(RegistrationError::BondTooSmall)), (second, wait)]), []);

	// A reason that holds for one session only is told in each.
	for session_index in NEXT..NEXT + 2 {
		let barred = RegistrationStatus { session_index, ..missing(RegistrationError::Barred) };
		for new in [2, 0] {
			assert_eq!(node.notes(&[(first, barred.clone()), (second, barred.clone())]).len(), new);
		}
	}

	for new in [1, 0] {
		let notes = told(node.notes(&[]));
		assert_eq!(notes.len(), new);
		assert!(notes.iter().all(|(_, words)| words.contains("author_rotateKeysWithOwner")));
	}
}

#[tokio::test]
async fn a_refused_registration_that_the_chain_asked_for_is_told() {
	let mut node = Node::new(1);
	let key = node.keys[0];
	let mut chain = Chain::new([(key, status(RegistrationAdvice::Register, 0, None))]);
	chain.answer = Err(SubmitError::Pool);
	assert!(matches!(node.registrar.step(&chain).await, Err(StepError::Pool)));
	let error = RegistrationError::PeerIdTaken;
	chain.answer = Err(SubmitError::Refused(error));
	assert!(node.step(&chain).await, "the next try has to wait");
	assert_eq!(node.registrar.journal.note_refusal(NEXT, key, error), None, "it was told in that step");
}

/// The addresses of each registration that was sent.
fn sent_addresses(chain: &Chain) -> Vec<Vec<String>> {
	let text = |address: Vec<u8>| String::from_utf8(address).expect("ASCII; qed");
	let sent = chain.take_sent().into_iter();
	sent.map(|(sent, _)| sent.mixnode.external_addresses.into_iter().map(text).collect()).collect()
}

/// An address that somebody in the same network has seen must not prevent a registration.
#[tokio::test]
async fn where_a_chain_refuses_private_addresses_the_others_are_registered() {
	let mut node = Node::new(1);
	let key = node.keys[0];
	let (inside, outside) = ("/ip4/192.168.1.2/tcp/30333", "/dns/mix.mixnet.org/tcp/30333");
	node.find_addresses(&[inside, outside]);
	let mut chain = Chain::new([(key, status(RegistrationAdvice::Register, 0, None))]);
	assert!(node.step(&chain).await);
	assert_eq!(sent_addresses(&chain), [vec![inside, outside], vec![outside]]);
	let refused = node.registrar.journal.note_refusal(NEXT, key, RegistrationError::UnreachableAddress);
	assert!(refused.is_some(), "nothing of it was told in that step");

	chain.is_private = true;
	assert!(node.step(&chain).await);
	assert_eq!(sent_addresses(&chain), [vec![inside, outside]]);
}

#[tokio::test]
async fn a_node_that_nobody_can_reach_tells_its_operator_what_to_do() {
	let cases: [(&[&str], RegistrationError); 3] = [
		(&[], RegistrationError::NoAddress),
		(&["/memory/7"], RegistrationError::NoAddress),
		(&["/ip4/127.0.0.1/tcp/30333", "/ip6/fe80::1/tcp/30333"], RegistrationError::UnreachableAddress),
	];
	for (addresses, error) in cases {
		let mut node = Node::new(1);
		let key = node.keys[0];
		node.find_addresses(addresses);
		let chain = Chain::new([(key, status(RegistrationAdvice::Register, 0, None))]);
		// Nothing can be sent without an address. With one, only the chain knows.
		let can_be_sent = error == RegistrationError::UnreachableAddress;
		assert_eq!(node.step(&chain).await, can_be_sent);
		assert_eq!(chain.take_sent().len(), usize::from(can_be_sent), "there is nothing else to try");
		assert_eq!(node.registrar.journal.note_refusal(NEXT, key, error), None, "it was told in that step");
		let again = node.registrar.journal.note_refusal(NEXT + 1, key, error).expect("it is told in each session");
		assert_eq!(again.level, Level::Warn);
		assert!(again.words.contains("--public-addr"), "{}", again.words);
	}
}

/// What the node sends at each of these blocks, where it is told to register and no registration was taken yet.
async fn revisions_sent(node: &mut Node, answers: &[Result<(), SubmitError>]) -> Vec<u8> {
	let key = node.keys[0];
	let mut sent = Vec::new();
	for answer in answers {
		let mut chain = Chain::new([(key, status(RegistrationAdvice::Register, 0, None))]);
		chain.answer = *answer;
		let _ = node.registrar.step(&chain).await;
		sent.extend(chain.take_sent().iter().map(|(registration, _)| registration.revision));
	}
	sent
}

/// Its former self may have sent a registration that is in the pools still, and lets none through but a greater revision.
#[tokio::test]
async fn a_node_that_was_started_again_replaces_what_waits_in_the_pools() {
	let mut node = Node::new(1);
	assert_eq!(revisions_sent(&mut node, &[Ok(()), Ok(()), Err(SubmitError::Pool), Ok(())]).await, [0, 1, 2, 3]);
	// As far as the chain lets it. The operator is not told, since nothing is wrong.
	let too_far = Err(SubmitError::Refused(RegistrationError::TooManyRevisions));
	assert_eq!(revisions_sent(&mut node, &[too_far, Ok(())]).await, [4, 0]);
	let key = node.keys[0];
	let note = node.registrar.journal.note_refusal(NEXT, key, RegistrationError::TooManyRevisions);
	assert!(note.is_some(), "it was not told before");
}

#[tokio::test]
async fn a_node_that_ran_before_the_session_began_sends_the_same_revision_again() {
	let mut node = Node::new(1);
	let next_key = NextKey { session: NEXT, kx_public: node.kx_public };
	node.next_key.send(Some(NextKey { session: NEXT - 1, ..next_key })).expect("the registrar listens; qed");
	assert!(revisions_sent(&mut node, &[Ok(())]).await.is_empty());
	node.next_key.send(Some(next_key)).expect("the registrar listens; qed");
	assert_eq!(revisions_sent(&mut node, &[Ok(()), Err(SubmitError::Pool), Ok(())]).await, [0, 0, 0]);
}
