use super::*;
use crate::{
	handle::Command,
	requests::{asking::Outcome, wrong_answers::Wrong},
};
use codec::Encode;
use futures::{
	stream::{self, BoxStream},
	FutureExt, StreamExt,
};
use mixnet_node_core::{
	request::{RemoteError, Reply},
	PeerId,
};
use std::{
	io::Write,
	net::TcpStream,
	sync::atomic::{AtomicBool, AtomicUsize, Ordering},
	thread::sleep,
};
use tokio::sync::mpsc;

/// A chain that answers like this.
struct Chain(fn() -> Result<(), Invalid>);

impl Validate for Chain {
	fn validate(&self, _: &[u8]) -> Result<Takes, Invalid> {
		self.0().map(|()| Takes::Now)
	}
}

/// Nothing is ever seen.
struct NotSeen;

impl Follow for NotSeen {
	fn follow(&self, _: &[u8]) -> BoxStream<'static, Seen> {
		stream::pending().boxed()
	}
}

/// All is seen in a block at once.
struct SeenAtOnce;

impl Follow for SeenAtOnce {
	fn follow(&self, _: &[u8]) -> BoxStream<'static, Seen> {
		let in_block = Seen::InBlock(Bytes(vec![7; 32]));
		stream::once(tokio::time::sleep(Duration::from_millis(200)).map(|()| in_block)).chain(stream::pending()).boxed()
	}
}

fn start(validate: impl Validate) -> (MixnetRpc, mpsc::Receiver<Command>) {
	start_following(validate, NotSeen)
}

fn start_following(validate: impl Validate, follow: impl Follow) -> (MixnetRpc, mpsc::Receiver<Command>) {
	let (handle, commands) = Handle::new(100);
	(MixnetRpc::new(Some(handle), validate, follow), commands)
}

/// Submits an extrinsic as a caller of the public, on this connection.
async fn submit(rpc: &MixnetRpc, connection: usize, extrinsic: Vec<u8>) -> RpcResult<()> {
	let mut extensions = Extensions::new();
	extensions.insert(DenyUnsafe::Yes);
	extensions.insert(ConnectionId(connection));
	rpc.submit_extrinsic(&extensions, Bytes(extrinsic)).await
}

#[tokio::test]
async fn extrinsics_are_bytes_which_only_the_chain_reads() {
	let (rpc, mut commands) = start(Chain(|| Ok(())));
	// No type of extrinsics decodes this, in any version. The runtime may be a later one.
	let extrinsic = vec![0xff_u8; 100].encode();
	let answer = async {
		let Some(Command::Ask(asked)) = commands.recv().await else { panic!("it was not sent") };
		assert_eq!(asked.data, [&[1], &extrinsic[..]].concat());
		assert_eq!(asked.caller, Caller::Public(3));
		let outcome = Outcome { destination: None, result: Ok(Reply::Ok(()).encode()) };
		asked.outcomes.send(outcome).await.expect("the caller waits");
	};
	let (submitted, ()) = futures::join!(submit(&rpc, 3, extrinsic.clone()), answer);
	assert!(submitted.is_ok(), "{submitted:?}");
}

#[tokio::test]
async fn what_the_chain_does_not_take_is_not_sent() {
	for (chain, code) in [
		(Chain(|| Err(Invalid::Refused("Transaction has a bad signature"))), code::BAD_EXTRINSIC),
		(Chain(|| Err(Invalid::Malformed("no".into()))), code::BAD_EXTRINSIC),
		(Chain(|| Err(Invalid::CannotAsk("no state".into()))), code::NOT_SENT),
	] {
		let (rpc, mut commands) = start(chain);
		let error = submit(&rpc, 1, vec![0_u8; 100].encode()).await.expect_err("it is refused");
		assert_eq!(error.code(), code, "{error}");
		assert!(commands.try_recv().is_err(), "it was sent");
	}
}

#[tokio::test]
async fn what_no_mixnet_can_carry_is_not_even_validated() {
	let (rpc, _commands) = start(Chain(|| panic!("it was validated")));
	let error = submit(&rpc, 1, vec![0; max_size() + 1]).await.expect_err("it is too large");
	assert_eq!(error.code(), code::BAD_EXTRINSIC);
}

#[tokio::test]
async fn a_caller_is_told_of_its_own_calls_and_nothing_of_others() {
	let (rpc, _commands) = start(Chain(|| Ok(())));
	let refusal = |caller: usize| {
		let rpc = rpc.clone();
		async move {
			let mut calls = tokio::task::JoinSet::new();
			// Nobody answers, so calls end only if they are refused.
			for _ in 0..5 {
				let rpc = rpc.clone();
				calls.spawn(async move { submit(&rpc, caller, vec![0_u8; 10].encode()).await });
			}
			let refused = calls.join_next().await.expect("there are calls").expect("it does not panic");
			let error = refused.expect_err("nobody answers");
			assert!(calls.try_join_next().is_none(), "more than one was refused");
			((error.code(), error.message().to_string(), error.data().map(ToString::to_string)), calls)
		}
	};
	// While nobody else calls, and while others do.
	let (alone, _calls) = refusal(1).await;
	assert_eq!(alone.0, code::NOT_SENT);
	assert_eq!(alone.2.as_deref(), Some(r#"{"retryAfterMs":10000}"#));
	let (beside_others, _more_calls) = refusal(2).await;
	assert_eq!(alone, beside_others);
}

/// Counts how many validations run, until they may end.
#[derive(Clone, Default)]
struct Slow {
	running: Arc<AtomicUsize>,
	most: Arc<AtomicUsize>,
	may_end: Arc<AtomicBool>,
}

impl Validate for Slow {
	fn validate(&self, _: &[u8]) -> Result<Takes, Invalid> {
		let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
		self.most.fetch_max(running, Ordering::SeqCst);
		while !self.may_end.load(Ordering::SeqCst) {
			sleep(Duration::from_millis(1));
		}
		self.running.fetch_sub(1, Ordering::SeqCst);
		Ok(Takes::Now)
	}
}

#[tokio::test]
async fn two_extrinsics_are_validated_at_a_time_also_if_callers_hang_up() {
	let chain = Slow::default();
	let may_end = chain.may_end.clone();
	let (rpc, _commands) = start(chain.clone());
	for caller in 0..10 {
		let call = submit(&rpc, caller, vec![0_u8; 10].encode());
		assert!(tokio::time::timeout(Duration::from_millis(20), call).await.is_err(), "{caller}");
	}
	assert_eq!(chain.most.load(Ordering::SeqCst), MAX_VALIDATIONS);
	may_end.store(true, Ordering::SeqCst);
}

/// As a node of the SDK serves HTTP. (Over a WebSocket, the library runs a call to its end, whoever waits for it.)
#[tokio::test]
async fn a_caller_that_closes_its_http_connection_has_hung_up() {
	let (rpc, mut commands) = start(Chain(|| Ok(())));
	let server = jsonrpsee::server::Server::builder().build("127.0.0.1:0").await.expect("there are free ports");
	let address = server.local_addr().expect("it is bound");
	let server = server.start(rpc.into_rpc());

	let body = r#"{"jsonrpc":"2.0","id":1,"method":"mixnet_submitExtrinsic","params":["0x0c010203"]}"#;
	let head = format!("POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n");
	let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
	let mut connection = TcpStream::connect(address).expect("it listens");
	connection.write_all(request.as_bytes()).expect("it reads");
	let Some(Command::Ask(asked)) = commands.recv().await else { panic!("it was not sent") };
	assert!(!asked.outcomes.is_closed());
	drop(connection);
	let hung_up = tokio::time::timeout(Duration::from_secs(60), asked.outcomes.closed()).await;
	assert!(hung_up.is_ok(), "the call goes on");
	server.stop().expect("it runs");
}

#[tokio::test]
async fn who_watches_an_extrinsic_is_told_what_mixnodes_say() {
	let (rpc, mut commands) = start(Chain(|| Ok(())));
	let mut module = rpc.into_rpc();
	module.extensions_mut().insert(DenyUnsafe::Yes);
	let parameters = [Bytes(vec![0_u8; 10].encode())];
	let mut updates =
		module.subscribe("mixnet_submitAndWatch", parameters, 16).await.expect("subscriptions are served");
	let Some(Command::Ask(asked)) = commands.recv().await else { panic!("it was not sent") };
	let refused = Reply::Err(RemoteError::Other("outdated".into()));
	for answer in [Reply::Ok(()), refused] {
		let outcome = Outcome { destination: None, result: Ok(answer.encode()) };
		asked.outcomes.send(outcome).await.expect("the caller waits");
	}
	let (update, _) = updates.next::<SubmissionUpdate>().await.expect("there is an update").expect("it can be read");
	assert_eq!(update, SubmissionUpdate::Submitted);

	// Who stops watching before a mixnode has answered takes the extrinsic back.
	let parameters = [Bytes(vec![0_u8; 10].encode())];
	let updates = module.subscribe("mixnet_submitAndWatch", parameters, 16).await.expect("subscriptions are served");
	let Some(Command::Ask(asked)) = commands.recv().await else { panic!("it was not sent") };
	drop(updates);
	let hung_up = tokio::time::timeout(Duration::from_secs(60), asked.outcomes.closed()).await;
	assert!(hung_up.is_ok(), "the call goes on");
}

/// Callers of the method for one answer do not wait for that, and are not told. There are places for so many.
#[tokio::test]
async fn answers_are_judged_after_the_call_where_there_is_a_place() {
	for has_place in [true, false] {
		let (rpc, mut commands) = start_following(Chain(|| Ok(())), SeenAtOnce);
		let taken = if has_place { 0 } else { MAX_PLACES as u32 };
		let _taken = rpc.places.clone().try_acquire_many_owned(taken).expect("there are as many");
		let answer = async {
			let Some(Command::Ask(asked)) = commands.recv().await else { panic!("it was not sent") };
			let refused = Reply::Err(RemoteError::Other("bad signature".into()));
			for (mixnode, answer) in [(2, refused), (1, Reply::Ok(()))] {
				let outcome = Outcome { destination: Some(PeerId([mixnode; 32])), result: Ok(answer.encode()) };
				asked.outcomes.send(outcome).await.expect("the caller waits");
			}
		};
		let (submitted, ()) = futures::join!(submit(&rpc, 1, vec![0_u8; 10].encode()), answer);
		assert!(submitted.is_ok(), "{submitted:?}");
		let counted = tokio::time::timeout(Duration::from_secs(if has_place { 60 } else { 1 }), commands.recv()).await;
		match counted {
			Ok(Some(Command::CountWrong(mixnode, wrong))) => {
				assert!(has_place);
				assert_eq!((mixnode, wrong), (PeerId([2; 32]), Wrong::RefusedValid));
			},
			Ok(_) => panic!("it sends nothing more"),
			Err(_) => assert!(!has_place, "the answer was not judged"),
		}
		assert_eq!(rpc.places.available_permits(), MAX_PLACES - taken as usize, "its place is free again");
	}
}

/// By default, the panic hook of the SDK ends the process.
#[tokio::test]
async fn a_panic_in_a_call_or_after_it_ends_nothing_else() {
	struct Panics;

	impl Follow for Panics {
		fn follow(&self, _: &[u8]) -> BoxStream<'static, Seen> {
			stream::poll_fn(|_| panic!("on purpose")).boxed()
		}
	}

	crate::unwinding::testing::use_the_sdks_hook_if_told();
	let (rpc, _commands) = start(Chain(|| panic!("on purpose")));
	let error = submit(&rpc, 1, vec![0_u8; 10].encode()).await.expect_err("it cannot be validated");
	assert_eq!(error.code(), code::NOT_SENT, "{}", error.message());
	let (rpc, _commands) = start_following(Chain(|| Ok(())), Panics);
	let error = submit(&rpc, 1, vec![0_u8; 10].encode()).await.expect_err("its task is gone");
	assert_eq!(error.code(), code::STOPPED, "{}", error.message());
}
