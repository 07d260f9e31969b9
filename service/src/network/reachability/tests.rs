//! Questions and answers, on loopback: hosts are addresses in 127.0.0.0/8, a network of its own for each test.

use super::{
	asker::{self, ask_all, AskMixnode, Reachable, Target},
	checker::{is_dialled, Checker},
	connections,
	rates::Rates,
	*,
};
use crate::config::Reach;
use futures::{channel::oneshot, future::BoxFuture, FutureExt};
use litep2p::{
	config::ConfigBuilder, crypto::ed25519::Keypair, transport::tcp::config::Config as TcpConfig,
	types::multiaddr::Protocol, Litep2p,
};
use mixnet_node_core::ReservedPeer;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use sc_network::config::{IncomingRequest, OutgoingResponse};
use sc_network_types::{multiaddr::Multiaddr, PeerId};
use std::{
	collections::HashSet,
	io,
	net::{Ipv4Addr, TcpListener, TcpStream},
	sync::{
		atomic::{AtomicUsize, Ordering},
		Arc,
	},
};
use tokio::{task::JoinHandle, time::Instant};

/// Short enough for tests, and long enough for a handshake on a busy machine.
const PATIENCE: Duration = Duration::from_secs(3);

/// A node of the network, which can be reached at its address.
struct Peer {
	id: PeerId,
	address: SocketAddr,
	running: JoinHandle<()>,
}

impl Peer {
	fn start(host: [u8; 4]) -> Self {
		let keypair = Keypair::generate();
		let listen = format!("/ip4/{}/tcp/0", Ipv4Addr::from(host)).parse().expect("well formed; qed");
		let tcp = TcpConfig { listen_addresses: vec![listen], ..TcpConfig::default() };
		let mut node =
			Litep2p::new(ConfigBuilder::new().with_keypair(keypair).with_tcp(tcp).build()).expect("it starts");
		let port = node.listen_addresses().flat_map(|address| address.iter()).find_map(|part| match part {
			Protocol::Tcp(port) => Some(port),
			_ => None,
		});
		let address = SocketAddr::from((host, port.expect("it listens")));
		let id = (*node.local_peer_id()).into();
		let running = tokio::spawn(async move { while node.next_event().await.is_some() {} });
		Self { id, address, running }
	}

	fn stranger() -> PeerId {
		litep2p::PeerId::random().into()
	}
}

/// A connection of this process with a host, for as long as it is kept.
struct Connection(#[allow(dead_code)] TcpListener, #[allow(dead_code)] TcpStream);

impl Connection {
	fn with(host: [u8; 4]) -> Self {
		let listener = TcpListener::bind((Ipv4Addr::from(host), 0)).expect("a loopback address; qed");
		let stream = TcpStream::connect(listener.local_addr().expect("it is bound; qed")).expect("somebody listens");
		Self(listener, stream)
	}
}

/// Where questions go to, and their answers come from.
#[derive(Clone)]
struct Questions(async_channel::Sender<IncomingRequest>);

impl Questions {
	/// Starts a checker, changed as a test wants it.
	fn to(change: impl FnOnce(&mut Checker)) -> Self {
		let (sender, questions) = async_channel::bounded(64);
		let mut checker = Checker { patience: PATIENCE, ..Checker::new(questions, Reach::Any) };
		change(&mut checker);
		tokio::spawn(checker.run());
		Self(sender)
	}

	fn ask(&self, peer: PeerId, payload: Vec<u8>) -> oneshot::Receiver<OutgoingResponse> {
		let (pending_response, answer) = oneshot::channel();
		self.0.try_send(IncomingRequest { peer, payload, pending_response }).expect("there is room");
		answer
	}

	/// The answer, and after how long.
	async fn answer(&self, peer: PeerId, addresses: &[SocketAddr]) -> (Answer, Duration) {
		let asked = Instant::now();
		let answer = self.ask(peer, encode_question(addresses));
		let answer = tokio::time::timeout(Duration::from_secs(60), answer).await.expect("it takes seconds");
		let answer = answer.expect("it is answered").result.expect("it is answered");
		assert_eq!(answer.len(), ANSWER_SIZE);
		(Answer::decode_all(&mut &answer[..]).expect("well formed"), asked.elapsed())
	}
}

/// Has anybody connected?
fn has_visitor(listener: &TcpListener) -> bool {
	listener.set_nonblocking(true).expect("a socket; qed");
	match listener.accept() {
		Ok(_) => true,
		Err(error) => {
			assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
			false
		},
	}
}

fn listen(host: [u8; 4]) -> (TcpListener, SocketAddr) {
	let listener = TcpListener::bind((Ipv4Addr::from(host), 0)).expect("a loopback address; qed");
	let address = listener.local_addr().expect("it is bound; qed");
	(listener, address)
}

#[test]
fn a_question_is_read_as_it_was_written_and_has_the_specified_bytes() {
	let addresses: Vec<SocketAddr> =
		["1.2.3.4:30333", "[2a00::1]:443"].map(|address| address.parse().expect("good; qed")).into();
	let mut bytes = vec![8, 4, 1, 2, 3, 4, 0x7d, 0x76, 6, 0x2a];
	bytes.extend([0; 14]);
	bytes.extend([1, 0xbb, 1]);
	assert_eq!(encode_question(&addresses), bytes);
	assert_eq!(decode_question(&bytes), Some(addresses));
	assert_eq!([Answer::Reached, Answer::NotReached, Answer::NotTried].map(|answer| answer.encode()), [[0], [1], [2]]);

	let longest = ["[2a00::1]:1", "[2a00::2]:1", "[2a00::3]:1", "[2a00::4]:1"];
	let longest = encode_question(&longest.map(|address| address.parse().expect("good; qed")));
	assert_eq!(longest.len(), MAX_QUESTION_SIZE);
	assert_eq!(decode_question(&longest).map(|addresses| addresses.len()), Some(MAX_ADDRESSES));
}

#[test]
fn what_is_no_question_is_not_taken_for_one() {
	let one = |host| SocketAddr::from(([1, 2, 3, host], 1));
	let good = encode_question(&[one(1)]);
	let five = encode_question(&[1, 2, 3, 4, 5].map(one));
	let none = encode_question(&[]);
	let (short, long) = (good[..good.len() - 1].to_vec(), [&good[..], &[0]].concat());
	let many = vec![0xff; MAX_QUESTION_SIZE];
	let mut other_tag = good.clone();
	other_tag[1] = 5;
	for bad in [five, none, short, long, many, other_tag, Vec::new(), vec![0; 100_000]] {
		assert_eq!(decode_question(&bad), None, "{bad:?}");
	}
	// One that is written twice is one, in whatever way.
	let mapped = "[::ffff:1.2.3.1]:1".parse().expect("good; qed");
	assert_eq!(decode_question(&encode_question(&[one(1), mapped, one(1)])), Some(vec![one(1)]));
}

#[test]
fn whatever_comes_is_at_most_a_few_addresses() {
	let mut rng = ChaCha20Rng::seed_from_u64(1);
	let mut well_formed = 0;
	for _ in 0..200_000 {
		let mut question = vec![0; (rng.next_u32() % 100) as usize];
		rng.fill_bytes(&mut question);
		// Many begin as a question does.
		if let [first, second, ..] = &mut question[..] {
			(*first, *second) = (*first % 32, 4 + *second % 4);
		}
		if let Some(addresses) = decode_question(&question) {
			assert!((1..=MAX_ADDRESSES).contains(&addresses.len()));
			well_formed += 1;
		}
	}
	assert!(well_formed > 0);
}

#[test]
fn private_hosts_are_tried_only_if_the_operator_allows_it() {
	for (address, any, internet) in [
		("1.2.3.4:1", true, true),
		("[2a00::1]:1", true, true),
		("10.0.0.1:1", true, false),
		("127.0.0.1:1", true, false),
		("[fe80::1]:1", true, false),
		("169.254.169.254:80", true, false),
		("1.2.3.4:0", false, false),
		("0.0.0.0:1", false, false),
		("224.0.0.1:1", false, false),
		("255.255.255.255:1", false, false),
		("[::]:1", false, false),
		("[ff02::1]:1", false, false),
	] {
		let address = address.parse().expect("good; qed");
		assert_eq!(
			[Reach::Any, Reach::Internet].map(|reach| is_dialled(&address, reach)),
			[any, internet],
			"{address}"
		);
	}
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn whoever_is_at_its_address_is_reached() {
	let host = [127, 92, 1, 1];
	let (peer, _connection) = (Peer::start(host), Connection::with(host));
	let questions = Questions::to(|_| ());
	let (closed, _) = (SocketAddr::from((host, 1)), ());
	let (answer, after) = questions.answer(peer.id, &[closed, peer.address]).await;
	assert_eq!(answer, Answer::Reached);
	assert!(after < PATIENCE, "there is nothing to hide: {after:?}");
}

/// Whoever asks about others would have us connect to them, and would learn with whom we are connected.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_third_party_is_never_tried_and_no_answer_is_about_anybody_else() {
	let [connected, third] = [[127, 92, 2, 1], [127, 92, 2, 2]];
	let (silent, silent_address) = listen(connected);
	let (bystander, bystander_address) = listen(third);
	let (other, elsewhere) = (Peer::start(connected), Peer::start(third));
	let _connection = Connection::with(connected);
	let questions = Questions::to(|_| ());
	let answers = futures::future::join_all([
		// Nobody listens there; one listens and says nothing; one is somebody else.
		questions.answer(Peer::stranger(), &[SocketAddr::from((connected, 1))]).boxed(),
		questions.answer(Peer::stranger(), &[silent_address]).boxed(),
		questions.answer(Peer::stranger(), &[other.address]).boxed(),
		// No connection, whoever is there.
		questions.answer(Peer::stranger(), &[bystander_address]).boxed(),
		questions.answer(elsewhere.id, &[elsewhere.address]).boxed(),
		questions.answer(Peer::stranger(), &[SocketAddr::from((third, 1))]).boxed(),
	])
	.await;
	for (answer, after) in &answers {
		assert_eq!(*answer, Answer::NotReached);
		assert!((PATIENCE..PATIENCE + Duration::from_secs(2)).contains(after), "the time tells something: {answers:?}");
	}
	assert!(has_visitor(&silent));
	assert!(!has_visitor(&bystander));
}

#[tokio::test]
async fn where_the_system_does_not_tell_nothing_is_tried() {
	for connected in
		[(|_| Err(io::ErrorKind::Unsupported.into())) as fn(&HashSet<IpAddr>) -> _, |_| panic!("on purpose")]
	{
		let host = [127, 92, 3, 1];
		let ((listener, address), _connection) = (listen(host), Connection::with(host));
		let questions = Questions::to(|checker| checker.connected = connected);
		let (answer, after) = questions.answer(Peer::stranger(), &[address]).await;
		assert!(answer == Answer::NotTried && after < PATIENCE, "{answer:?} after {after:?}");
		assert!(!has_visitor(&listener));
	}
}

#[tokio::test]
async fn what_is_out_of_reach_or_asked_too_often_is_not_tried() {
	let host = [127, 92, 4, 1];
	let ((listener, address), _connection) = (listen(host), Connection::with(host));
	let in_the_internet = Questions::to(|checker| checker.reach = Reach::Internet);
	let (answer, after) = in_the_internet.answer(Peer::stranger(), &[address]).await;
	assert!(answer == Answer::NotTried && after < PATIENCE, "{answer:?} after {after:?}");

	let (now, mut rates) = (Instant::now(), Rates::default());
	while rates.take(Peer::stranger(), &[address], now) {}
	let questions = Questions::to(|checker| checker.rates = rates);
	let (answer, after) = questions.answer(Peer::stranger(), &[address]).await;
	assert!(answer == Answer::NotTried && after < PATIENCE, "{answer:?} after {after:?}");
	assert!(!has_visitor(&listener));
}

#[tokio::test]
async fn a_malformed_question_is_not_answered() {
	let questions = Questions::to(|_| ());
	for malformed in [Vec::new(), vec![0], vec![0xff; 1000]] {
		let answer = tokio::time::timeout(Duration::from_secs(60), questions.ask(Peer::stranger(), malformed)).await;
		assert!(answer.expect("it takes no time").is_err());
	}
}

/// The network refuses what finds no room in the queue.
#[tokio::test]
async fn a_few_questions_are_worked_at_and_the_others_wait() {
	let questions = Questions::to(|checker| checker.connected = |_| Ok(HashSet::new()));
	let mut answers: Vec<_> = (0..30)
		.map(|host| questions.ask(Peer::stranger(), encode_question(&[SocketAddr::from(([127, 92, 5, host], 1))])))
		.collect();
	tokio::time::sleep(PATIENCE / 2).await;
	assert_eq!(questions.0.len(), 30 - 16);
	assert!(answers.iter_mut().all(|answer| matches!(answer.try_recv(), Ok(None))));
	for answer in answers {
		let answer = tokio::time::timeout(Duration::from_secs(60), answer).await.expect("two turns at most");
		assert_eq!(answer.expect("it is answered").result, Ok(Answer::NotReached.encode()));
	}
}

/// Mixnodes that give these answers, or none.
struct Mixnodes {
	answers: Vec<Option<Vec<u8>>>,
	asked: AtomicUsize,
	/// Those after the answers never answer.
	questions: Option<(Questions, PeerId)>,
}

impl AskMixnode for Mixnodes {
	fn ask(&self, _: &ReservedPeer, question: Vec<u8>) -> BoxFuture<'static, Option<Vec<u8>>> {
		let index = self.asked.fetch_add(1, Ordering::Relaxed);
		if let Some((questions, peer)) = &self.questions {
			let answer = questions.ask(*peer, question);
			return async move { answer.await.ok()?.result.ok() }.boxed();
		}
		match self.answers.get(index) {
			Some(answer) => std::future::ready(answer.clone()).boxed(),
			None => std::future::pending().boxed(),
		}
	}
}

fn some_mixnodes(number: u8) -> Vec<ReservedPeer> {
	let mixnode = |id| ReservedPeer { peer_id: mixnet_primitives::PeerId([id; 32]), external_addresses: Vec::new() };
	(0..number).map(mixnode).collect()
}

#[tokio::test]
async fn one_success_is_enough_and_nothing_is_made_of_no_answers() {
	let [reached, not, not_tried, junk, long] =
		[vec![0], vec![1], vec![2], vec![9], vec![0, 0]].map(|answer: Vec<u8>| Some(answer));
	let target = Target::Ip(SocketAddr::from(([127, 0, 0, 1], 1)));
	for (answers, reachable) in [
		(vec![not.clone(), not_tried.clone(), reached.clone()], Reachable::Yes),
		// The others need not answer.
		(vec![reached.clone()], Reachable::Yes),
		(vec![not.clone(), not.clone(), not.clone()], Reachable::No(3)),
		(vec![not.clone(), not_tried.clone(), None], Reachable::No(1)),
		(vec![not_tried.clone(), None, junk.clone()], Reachable::Unknown),
		(vec![long, None, None], Reachable::Unknown),
		(vec![None, None, None], Reachable::Unknown),
	] {
		let asker = Arc::new(Mixnodes { answers: answers.clone(), asked: AtomicUsize::new(0), questions: None });
		let found = ask_all(asker.clone(), some_mixnodes(7), vec![target.clone()], Reach::Any, asker::PATIENCE).await;
		assert_eq!(found, reachable, "{answers:?}");
		assert_eq!(asker.asked.load(Ordering::Relaxed), 3);
	}
	// Without anybody, or anything, to ask.
	let asker = Arc::new(Mixnodes { answers: Vec::new(), asked: AtomicUsize::new(0), questions: None });
	for (mixnodes, targets, reach) in
		[(0, vec![target.clone()], Reach::Any), (3, vec![], Reach::Any), (3, vec![target], Reach::Internet)]
	{
		assert_eq!(
			ask_all(asker.clone(), some_mixnodes(mixnodes), targets, reach, asker::PATIENCE).await,
			Reachable::Unknown
		);
	}
	assert_eq!(asker.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn asking_ends_although_nobody_answers() {
	let asker = Arc::new(Mixnodes { answers: Vec::new(), asked: AtomicUsize::new(0), questions: None });
	let target = Target::Ip(SocketAddr::from(([127, 0, 0, 1], 1)));
	let asked = ask_all(asker, some_mixnodes(3), vec![target], Reach::Any, Duration::from_millis(200));
	let found = tokio::time::timeout(Duration::from_secs(60), asked).await.expect("it ends");
	assert_eq!(found, Reachable::Unknown);
}

#[test]
fn a_node_asks_about_hosts_with_a_tcp_port() {
	let id: PeerId = Peer::stranger();
	let target = |address: &str, reach| Target::of(&address.parse::<Multiaddr>().expect("well formed; qed"), reach);
	let ip = |address: &str| Some(Target::Ip(address.parse().expect("good; qed")));
	let name = |name: &str| Some(Target::Name(name.into(), 7));
	for (address, any, internet) in [
		("/ip4/1.2.3.4/tcp/7", ip("1.2.3.4:7"), ip("1.2.3.4:7")),
		(&format!("/ip4/1.2.3.4/tcp/7/p2p/{id}"), ip("1.2.3.4:7"), ip("1.2.3.4:7")),
		("/ip6/::ffff:1.2.3.4/tcp/7", ip("1.2.3.4:7"), ip("1.2.3.4:7")),
		("/ip4/10.0.0.1/tcp/7", ip("10.0.0.1:7"), None),
		("/dns/a.b/tcp/7", name("a.b"), name("a.b")),
		("/dns6/a.b/tcp/7", name("a.b"), name("a.b")),
		("/dns/a.b/tcp/7/wss", None, None),
		("/ip4/1.2.3.4/udp/7/quic-v1", None, None),
		("/ip4/1.2.3.4", None, None),
		("/memory/7", None, None),
		(&format!("/ip4/1.2.3.4/tcp/7/p2p/{id}/p2p-circuit"), None, None),
	] {
		assert_eq!([target(address, Reach::Any), target(address, Reach::Internet)], [any, internet], "{address}");
	}
}

/// The whole way but for the network, by name: asker, question, checker, connection, handshake, answer.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_node_finds_out_whether_it_can_be_reached_and_whether_it_no_longer_can() {
	let peer = Peer::start([127, 0, 0, 1]);
	let _connection = Connection::with([127, 0, 0, 1]);
	let questions = Questions::to(|_| ());
	let ask = || {
		let asker =
			Mixnodes { answers: Vec::new(), asked: AtomicUsize::new(0), questions: Some((questions.clone(), peer.id)) };
		let target = Target::Name("localhost".into(), peer.address.port());
		ask_all(Arc::new(asker), some_mixnodes(1), vec![target], Reach::Any, asker::PATIENCE)
	};
	assert_eq!(ask().await, Reachable::Yes);
	peer.running.abort();
	while TcpStream::connect(peer.address).is_ok() {
		tokio::time::sleep(Duration::from_millis(10)).await;
	}
	assert_eq!(ask().await, Reachable::No(1));
	assert!(connections::connected(&HashSet::from([Ipv4Addr::LOCALHOST.into()])).is_ok());
}
