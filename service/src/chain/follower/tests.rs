//! The follower, on a chain that does what a test says.

use super::*;
use crate::chain::testing::{Block, Blocks, Syncing};
use mixnet_primitives::{
	list_reader::ListSize, KxPublic, MixnodesPage, Parameters, PeerId, Place, SessionParameters, SessionPhase,
	MIXNODE_INDEX_LIMIT,
};
use sp_api::ApiRef;
use sp_core::H256;
use std::{cell::RefCell, sync::atomic::Ordering, time::Duration};

/// A question about mixnodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Call {
	Page { session: SessionIndex, start: Place, count: u32 },
	All(RelativeSession),
}

/// What becomes of an honest answer: session, place at which the page begins, and the page.
type Lie = Box<dyn Fn(SessionIndex, Place, MixnodesPage) -> Result<Option<MixnodesPage>, ApiError>>;

/// A chain whose current session has mixnodes, and whose previous session rested.
struct Chain {
	status: SessionStatus,
	/// Those of the sessions; `None` if the runtime is as old as version 1 of the API.
	parameters: Option<SessionParameters>,
	/// The current session's.
	mixnodes: Vec<Mixnode>,
	lie: Lie,
	has_mixnet: bool,
	calls: RefCell<Vec<Call>>,
}

impl Chain {
	fn new(current_index: SessionIndex, phase: SessionPhase) -> Self {
		let of_sessions = SessionParameters { previous: parameters(2), current: parameters(3), next: parameters(4) };
		Self {
			status: SessionStatus { current_index, phase },
			parameters: Some(of_sessions),
			mixnodes: mixnodes(3),
			lie: honest(),
			has_mixnet: true,
			calls: RefCell::default(),
		}
	}

	/// In session 7, at a time when the previous session does not matter any more.
	fn with_mixnodes(count: u32) -> Self {
		Self { mixnodes: mixnodes(count), ..Self::new(7, SessionPhase::DisconnectFromPrev) }
	}

	fn old(self) -> Self {
		Self { parameters: None, ..self }
	}

	fn lying(self, lie: impl Fn(SessionIndex, Place, MixnodesPage) -> Option<MixnodesPage> + 'static) -> Self {
		Self { lie: Box::new(move |session, start, page| Ok(lie(session, start, page))), ..self }
	}

	/// The places at which the pages begin that the current session was asked for.
	fn pages(&self) -> Vec<Place> {
		let calls = self.calls.borrow();
		let starts = calls.iter().map(|call| match *call {
			Call::Page { session: 7, start, count: 256 } => start,
			other => panic!("asked for {other:?}"),
		});
		starts.collect()
	}
}

impl Sessions for Chain {
	fn has_mixnet(&self) -> Result<bool, ApiError> {
		Ok(self.has_mixnet)
	}

	fn status(&self) -> Result<SessionStatus, ApiError> {
		assert!(self.has_mixnet, "a runtime without the API does not have this function");
		Ok(self.status)
	}

	fn parameters(&self) -> Result<Option<SessionParameters>, ApiError> {
		Ok(self.parameters)
	}

	fn has_pages(&self) -> Result<bool, ApiError> {
		Ok(self.parameters.is_some())
	}

	fn mixnodes_page(&self, session: SessionIndex, start: Place, count: u32) -> Result<Option<MixnodesPage>, ApiError> {
		assert!(self.parameters.is_some(), "an old runtime does not have this function");
		self.calls.borrow_mut().push(Call::Page { session, start, count });
		let mixnodes: &[_] = if session == self.status.current_index { &self.mixnodes } else { &[] };
		let page = mixnodes.iter().skip(start as usize).take(count as usize).cloned().collect();
		let required = if session == self.status.current_index { 1 } else { 2 };
		(self.lie)(session, start, MixnodesPage { total: mixnodes.len() as u32, required, mixnodes: page })
	}

	fn all_mixnodes(&self, session: RelativeSession) -> Result<Result<Vec<Mixnode>, MixnodesError>, ApiError> {
		self.calls.borrow_mut().push(Call::All(session));
		Ok(match session {
			RelativeSession::Previous => Err(resting(0, 2)),
			RelativeSession::Current => Ok(self.mixnodes.clone()),
		})
	}
}

fn honest() -> Lie {
	Box::new(|_, _, page| Ok(Some(page)))
}

fn mixnodes(count: u32) -> Vec<Mixnode> {
	let key = |place: u32| std::array::from_fn(|byte| if byte < 4 { place.to_le_bytes()[byte] } else { 1 });
	let mixnode = |place| Mixnode {
		kx_public: KxPublic(key(place)),
		peer_id: PeerId(key(place)),
		external_addresses: vec![place.to_string().into_bytes()],
	};
	(0..count).map(mixnode).collect()
}

fn parameters(hops: u8) -> Parameters {
	Parameters { hops, ..Parameters::default() }
}

fn resting(num: u32, min: u32) -> MixnodesError {
	MixnodesError::InsufficientRegistrations { num, min }
}

/// The sessions that an update tells of, with their parameters.
fn told(block: &Chain, known: &mut BTreeSet<SessionIndex>) -> Vec<(SessionIndex, Option<Parameters>)> {
	let (update, failure) = read(block, known).expect("the chain answers");
	assert!(failure.is_none(), "{failure:?}");
	assert_eq!(update.status, block.status);
	for session in &update.sessions {
		let is_current = session.index == update.status.current_index;
		assert_eq!(session.mixnodes, if is_current { Ok(block.mixnodes.clone()) } else { Err(resting(0, 2)) });
	}
	update.sessions.iter().map(|session| (session.index, session.parameters)).collect()
}

#[test]
fn a_session_is_told_once_with_its_own_parameters() {
	let mut known = BTreeSet::new();
	let first = Chain::new(7, SessionPhase::RequestsToCurrent);
	let both = [(6, Some(parameters(2))), (7, Some(parameters(3)))];
	assert_eq!(told(&first, &mut known), both);
	assert_eq!(told(&first, &mut known), []);
	assert_eq!(first.calls.borrow().len(), 2, "a page of each, once");
	assert_eq!(told(&Chain::new(8, SessionPhase::CoverToCurrent), &mut known), [(8, Some(parameters(3)))]);
	// A previous session that is over is of no interest, and session 0 has no previous one.
	let late = Chain::new(20, SessionPhase::DisconnectFromPrev);
	assert_eq!(told(&late, &mut known), [(20, Some(parameters(3)))]);
	let earliest = Chain::new(0, SessionPhase::CoverToCurrent);
	assert_eq!(told(&earliest, &mut BTreeSet::new()), [(0, Some(parameters(3)))]);
}

#[test]
fn a_chain_that_has_no_parameters_yet_tells_none() {
	let old = Chain::new(7, SessionPhase::CoverToCurrent).old();
	assert_eq!(told(&old, &mut BTreeSet::new()), [(6, None), (7, None)]);
}

/// Version 1 of the API has no pages.
#[test]
fn an_older_chain_is_asked_for_whole_lists() {
	let old = Chain { mixnodes: mixnodes(1_000), ..Chain::new(7, SessionPhase::CoverToCurrent).old() };
	assert_eq!(told(&old, &mut BTreeSet::new()).len(), 2);
	assert_eq!(*old.calls.borrow(), RelativeSession::BOTH.map(Call::All));
}

#[test]
fn a_list_is_read_in_as_few_pages_as_it_fills() {
	for count in [1, 255, 256, 257, 1_000, MIXNODE_INDEX_LIMIT] {
		let chain = Chain::with_mixnodes(count);
		assert_eq!(told(&chain, &mut BTreeSet::new()).len(), 1);
		assert_eq!(chain.pages(), (0..count).step_by(256).collect::<Vec<_>>(), "{count} mixnodes");
	}
}

#[test]
fn the_first_page_tells_that_a_session_rests() {
	for (count, required) in [(0, 1), (1, 2), (255, 256), (1_000, 1_001)] {
		let chain = Chain::with_mixnodes(count).lying(move |_, _, page| Some(MixnodesPage { required, ..page }));
		let (update, failure) = read(&chain, &mut BTreeSet::new()).expect("the chain answers");
		assert!(failure.is_none(), "{failure:?}");
		let answers: Vec<_> = update.sessions.into_iter().map(|session| session.mixnodes).collect();
		assert_eq!(answers, [Err(resting(count, required))]);
		assert_eq!(chain.pages(), [0]);
	}
}

/// A chain of 600 mixnodes gives out a page that does not belong to the list.
#[test]
fn pages_that_make_up_no_list_are_refused() {
	let size = |total| ListSize { total, required: 1 };
	let wrong_length = |start, expected, found| BadPage::WrongLength { start, expected, found };
	let with = |total, page| Some(MixnodesPage { total, ..page });
	let first = |length: usize, page: MixnodesPage| {
		Some(MixnodesPage { mixnodes: page.mixnodes.into_iter().cycle().take(length).collect(), ..page })
	};
	type Change = Box<dyn Fn(MixnodesPage) -> Option<MixnodesPage>>;
	let lies: [(Place, Change, BadPage); 8] = [
		(256, Box::new(move |page| first(255, page)), wrong_length(256, 256, 255)),
		(256, Box::new(move |page| first(0, page)), wrong_length(256, 256, 0)),
		(512, Box::new(move |page| first(87, page)), wrong_length(512, 88, 87)),
		(512, Box::new(move |page| first(256, page)), wrong_length(512, 88, 256)),
		(256, Box::new(move |page| with(601, page)), BadPage::SizeChanged { first: size(600), now: size(601) }),
		(
			512,
			Box::new(|page| Some(MixnodesPage { required: 2, ..page })),
			BadPage::SizeChanged { first: size(600), now: ListSize { total: 600, required: 2 } },
		),
		(
			0,
			Box::new(move |page| with(MIXNODE_INDEX_LIMIT + 1, page)),
			BadPage::TooManyMixnodes { total: MIXNODE_INDEX_LIMIT + 1 },
		),
		(256, Box::new(|_| None), BadPage::NoList),
	];
	for (place, change, expected) in lies {
		let chain = Chain::with_mixnodes(600).lying(
			move |_, start, page| {
				if start == place {
					change(page)
				} else {
					Some(page)
				}
			},
		);
		let mut known = BTreeSet::new();
		let (update, failure) = read(&chain, &mut known).expect("the chain answers");
		assert!(update.sessions.is_empty() && known.is_empty());
		let failure = failure.expect("the list is not whole");
		assert!(matches!(failure, ReadError::List { session: 7, reason } if reason == expected), "{failure:?}");
		assert_eq!(failure.to_string(), format!("the mixnodes of session 7: {expected}"));
		// No page is asked for behind the one that is wrong.
		assert_eq!(chain.pages(), (0..=place).step_by(256).collect::<Vec<_>>());
	}
}

/// Otherwise keys of the last session would not be destroyed while the chain gives out no list.
#[test]
fn phases_change_although_a_session_cannot_be_read() {
	for unreadable in [6, 7] {
		let mut known = BTreeSet::new();
		let mut chain = Chain::new(7, SessionPhase::CoverToCurrent);
		for phase in [SessionPhase::CoverToCurrent, SessionPhase::RequestsToCurrent] {
			chain.status.phase = phase;
			chain.lie = Box::new(move |session, _, page| {
				if session == unreadable {
					Err(ApiError::Application("not now".into()))
				} else {
					Ok(Some(page))
				}
			});
			let (update, failure) = read(&chain, &mut known).expect("the chain answers");
			assert_eq!(update.status, chain.status);
			assert!(matches!(failure, Some(ReadError::Api(ApiError::Application(_)))), "{failure:?}");
			let sessions: Vec<_> = update.sessions.iter().map(|session| session.index).collect();
			let is_first = phase == SessionPhase::CoverToCurrent;
			assert_eq!(sessions, if is_first { vec![13 - unreadable] } else { vec![] }, "the other session, once");
		}
		// It is asked for again at each block.
		chain.lie = honest();
		let sessions: Vec<_> = told(&chain, &mut known).into_iter().map(|(index, _)| index).collect();
		assert_eq!(sessions, [unreadable]);
		assert_eq!(told(&chain, &mut known), []);
	}
}

/// A runtime of the API's present version, at one block. Whoever asks it for a whole list, or at another block, fails.
#[derive(Clone)]
struct Runtime {
	block: H256,
	mixnodes: Vec<Mixnode>,
}

sp_api::mock_impl_runtime_apis! {
	impl MixnetApi<Block> for Runtime {
		fn session_status() -> SessionStatus {
			SessionStatus { current_index: 7, phase: SessionPhase::CoverToCurrent }
		}

		fn parameters() -> SessionParameters {
			SessionParameters { previous: parameters(2), current: parameters(3), next: parameters(4) }
		}

		#[advanced]
		fn mixnodes_page(
			&self,
			at: H256,
			session_index: SessionIndex,
			start: u32,
			count: u32,
		) -> Result<Option<MixnodesPage>, ApiError> {
			assert_eq!(at, self.block);
			let total = self.mixnodes.len() as u32;
			let mixnodes = self.mixnodes.iter().skip(start as usize).take(count as usize).cloned().collect();
			Ok((6..=7).contains(&session_index).then_some(MixnodesPage { total, required: 2, mixnodes }))
		}
	}
}

impl ProvideRuntimeApi<Block> for Runtime {
	type Api = Self;

	fn runtime_api(&self) -> ApiRef<'_, Self> {
		self.clone().into()
	}
}

#[test]
fn a_runtime_with_pages_is_asked_for_pages_at_one_block() {
	let runtime = Runtime { block: H256::repeat_byte(9), mixnodes: mixnodes(300) };
	let block = AtBlock { client: &runtime, hash: runtime.block };
	let (update, failure) = read(&block, &mut BTreeSet::new()).expect("the chain answers");
	assert!(failure.is_none(), "{failure:?}");
	let sessions: Vec<_> = update.sessions.into_iter().map(|session| (session.index, session.mixnodes)).collect();
	assert_eq!(sessions, [6, 7].map(|index| (index, Ok(runtime.mixnodes.clone()))));
}

/// A chain may get its mixnet by an upgrade, long after its genesis. A node with a new database begins at the genesis.
#[test]
fn a_chain_without_a_mixnet_is_waited_for() {
	let mut follower = Follower::default();
	let mut chain = Chain::new(0, SessionPhase::CoverToCurrent);
	chain.has_mixnet = false;
	for block in 0..3 {
		assert!(follower.step(&chain, &block).is_none());
		assert!(follower.absent && !follower.failing);
	}
	chain.has_mixnet = true;
	let update = follower.step(&chain, &3).expect("it has a mixnet now");
	assert_eq!((update.status, update.sessions.len()), (chain.status, 1));
	assert!(!follower.absent);
	// What was told is not told again.
	assert!(follower.step(&chain, &4).is_some_and(|update| update.sessions.is_empty()));
}

/// A chain that is in another session after each block.
#[derive(Clone)]
struct ByBlock;

/// The session after a block.
fn session_after(number: u8) -> SessionIndex {
	100 + SessionIndex::from(number)
}

sp_api::mock_impl_runtime_apis! {
	impl MixnetApi<Block> for ByBlock {
		#[advanced]
		fn session_status(at: H256) -> Result<SessionStatus, ApiError> {
			let current_index = session_after(at.0[31]);
			Ok(SessionStatus { current_index, phase: SessionPhase::DisconnectFromPrev })
		}

		fn parameters() -> SessionParameters {
			SessionParameters { previous: parameters(2), current: parameters(3), next: parameters(4) }
		}

		fn mixnodes_page(_: SessionIndex, _: u32, _: u32) -> Option<MixnodesPage> {
			Some(MixnodesPage { total: 3, required: 2, mixnodes: mixnodes(3) })
		}
	}
}

#[tokio::test]
async fn each_finalised_block_is_told_of_once_the_node_has_caught_up() {
	let (client, sync) = (Arc::new(Blocks::new(ByBlock)), Arc::new(Syncing::default()));
	let (sender, mut updates) = mpsc::channel(1);
	let following = tokio::spawn(follow(client.clone(), sync.clone(), sender));
	client.listened().await;
	let mut next = async || {
		let update = tokio::time::timeout(Duration::from_secs(60), updates.recv()).await.expect("it comes at once")?;
		Some((update.status.current_index, update.sessions.len()))
	};

	sync.0.store(true, Ordering::SeqCst);
	client.finalise(1);
	client.taken().await;
	sync.0.store(false, Ordering::SeqCst);
	// The runtime is asked at the block of which the notification tells. Nothing is left out if nobody takes updates for some
	// time; best blocks do not matter.
	client.import(9, true);
	for number in 2..6 {
		client.finalise(number);
	}
	for number in 2..6 {
		assert_eq!(next().await, Some((session_after(number), 1)), "nothing was told while the node caught up");
	}
	client.end();
	assert_eq!(next().await, None, "the client is gone");
	following.await.expect("it does not panic");
}

#[tokio::test]
async fn following_ends_when_nobody_listens() {
	let client = Arc::new(Blocks::new(ByBlock));
	let (sender, updates) = mpsc::channel(1);
	let following = tokio::spawn(follow(client.clone(), Arc::new(Syncing::default()), sender));
	client.listened().await;
	drop(updates);
	client.finalise(1);
	tokio::time::timeout(Duration::from_secs(60), following).await.expect("it ends").expect("it does not panic");
}
