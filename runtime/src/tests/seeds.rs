//! The seeds of elections come from the authors' VRFs.
//!
//! Seeds differ from session to session even if the randomness stands still, since the session is hashed with it. So
//! these tests compare chains in the same session that differ in nothing but the author of one block.

use super::{author::Claim, chain::Chain, history::VALIDATORS};
use crate::{randomness::VrfRandomness, *};
use codec::Encode;
use frame_support::traits::Randomness;
use pallet_babe::{RandomnessFromOneEpochAgo, UnderConstruction};
use pallet_mixnet::{NextElection, Seed};
use sp_runtime::traits::{BlakeTwo256, Hash as _};

/// How many blocks the session has after its first one.
const BLOCKS: u32 = 3;

/// How the blocks of a session were made.
#[derive(Clone, Copy)]
struct Session1 {
	claim: Claim,
	/// How many VRF outputs waited to be hashed into BABE's randomness.
	waiting: u8,
	/// The block that is made by another validator than usual, if there is one.
	other: Option<u32>,
}

const USUAL: Session1 = Session1 { claim: Claim::Primary, waiting: 0, other: None };

/// A chain in the first block of session 2, after this session 1.
fn after(Session1 { claim, waiting, other }: Session1) -> Chain {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	chain.next_session();
	chain.read(|| {
		let outputs: Vec<_> = (0..waiting).map(|n| [n; 32]).collect();
		UnderConstruction::<Runtime>::insert(0, frame_support::BoundedVec::truncate_from(outputs));
	});
	for block in 0..BLOCKS {
		let usual = chain.next_author();
		let author = if other == Some(block) { (usual + 1) % VALIDATORS.len() as u32 } else { usual };
		chain.block_by(author, claim, vec![]);
	}
	chain.next_session();
	chain
}

/// The blocks of such a session whose authors' VRFs matter to what `question` asks in the first block of session 2.
fn blocks_that_matter<T: PartialEq>(session: Session1, question: impl Fn() -> T) -> Vec<u32> {
	let ask = |other| after(Session1 { other, ..session }).read(&question);
	let usual = ask(None);
	assert!(ask(None) == usual, "the same chain gives the same");
	(0..BLOCKS).filter(|block| ask(Some(*block)) != usual).collect()
}

fn seed() -> Option<Seed> {
	NextElection::<Runtime>::get().seed
}

#[test]
fn every_vrf_of_a_session_goes_into_the_next_seed() {
	// The last output of a segment, and the first one of the next, are among the session's.
	for waiting in [0, 100, 253, 254, 255] {
		assert_eq!(blocks_that_matter(Session1 { waiting, ..USUAL }, seed), [0, 1, 2], "{waiting} outputs waited");
	}
}

/// In such a session BABE collects nothing. The author of the last block knew the seed before everybody else.
#[test]
fn a_session_without_primary_slots_has_a_seed_from_its_last_vrf() {
	assert_eq!(blocks_that_matter(Session1 { claim: Claim::Secondary, ..USUAL }, seed), [2]);
}

/// These tests can fail.
#[test]
fn randomness_that_stands_still_is_found_out() {
	assert!(blocks_that_matter(USUAL, || BlakeTwo256::hash(b"subject")).is_empty());
	assert!(blocks_that_matter(USUAL, || (b"subject", Mixnet::session_status().current_index).encode()).is_empty());
	assert_eq!(blocks_that_matter(USUAL, || VrfRandomness::random(b"subject").0), [0, 1, 2]);
}

/// This is why there is [`VrfRandomness`]. If it fails, pallet-babe has learnt to hash the last segment too.
#[test]
fn babe_leaves_out_the_vrfs_of_a_short_epoch() {
	let of_babe = || RandomnessFromOneEpochAgo::<Runtime>::random(b"subject").0;
	assert!(blocks_that_matter(USUAL, of_babe).is_empty());
	// With 253 outputs from before, the session's three make a full segment, but it is still the last one.
	assert!(blocks_that_matter(Session1 { waiting: 253, ..USUAL }, of_babe).is_empty());
	assert_eq!(blocks_that_matter(Session1 { waiting: 254, ..USUAL }, of_babe), [0, 1]);
}

/// The same validators, with the same weights, in the same session.
#[test]
fn every_session_draws_anew() {
	let order = |other| {
		let mut chain = after(Session1 { other, ..USUAL });
		chain.register_all(&VALIDATORS);
		let registered = chain.read(|| Mixnet::next_registrations(0, 100));
		registered.into_iter().map(|entry| entry.registrant).collect::<Vec<_>>()
	};
	let usual = order(None);
	assert_eq!(usual.len(), VALIDATORS.len());
	assert_eq!(order(None), usual);
	for block in 0..BLOCKS {
		assert_ne!(order(Some(block)), usual);
	}
}

/// This is what `pallet_mixnet::Config::Randomness` asks for. If the mixnet came before BABE, nobody would ever draw.
#[test]
fn elections_have_a_seed_from_the_first_one_on() {
	let mut chain = Chain::new();
	chain.apply(vec![]);
	for _ in 0..4 {
		assert!(chain.read(seed).is_some());
		chain.next_session();
	}
}
