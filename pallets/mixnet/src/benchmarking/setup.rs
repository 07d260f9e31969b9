//! The storage that benchmarks begin with: sessions full of mixnodes, authorities, and registrants with all their keys.
//!
//! Public for the benchmarks of `benchmarking/scale-runtime`.

use crate::{
	candidates::NewMixnode,
	ranked_set::{RankKey, PAGE_CAPACITY},
	BoundedMixnode, Candidacies, Candidacy, CandidacyState, Config, CurrentSession, Election, KxPublics, ListedMixnode,
	ListedMixnodeFor, Mixnodes, NextElection, NextToPrune, Pallet, PeerIds, Rank, RegisteredAs, RegistrantClass,
	Roster, Rotation, Seed, Session, KEY_TYPE,
};
use alloc::{format, string::String, vec::Vec};
use codec::{Decode, Encode};
use curve25519_dalek::edwards::CompressedEdwardsY;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{
	KxPublic, Mixnode, PeerId, Registrant, Registration, RegistrationProofs, SessionIndex, MAX_HOSTS,
};
use sp_application_crypto::{ed25519, sr25519};
use sp_io::{
	crypto::{ed25519_generate, ed25519_sign, sr25519_generate, sr25519_sign},
	hashing::blake2_256,
};
use sp_runtime::traits::{One, Saturating, TrailingZeroInput};

/// The current session in benchmarks: late enough for sessions before the previous one to be there, too, and for as
/// many parts of a bond to be due as can be released in sessions of their own.
pub const CURRENT: SessionIndex = 10;

/// The session that is registered for.
pub const NEXT: SessionIndex = CURRENT + 1;

/// How often pallet-session has rotated.
const ROTATIONS: u32 = 10;

/// The `index`-th registrant of a kind. Nobody has its secret.
pub fn registrant(kind: &str, index: u32) -> Registrant {
	Registrant((kind, "registrant", index).using_encoded(blake2_256))
}

/// The account that has a registrant's key.
pub fn account<T: Config>(registrant: &Registrant) -> T::AccountId {
	T::AccountId::decode(&mut TrailingZeroInput::new(&registrant.0)).expect("accounts decode from enough bytes; qed")
}

/// The `index`-th mixnode of a session, which nobody runs.
pub fn mixnode(session_index: SessionIndex, index: u32) -> Mixnode {
	Mixnode {
		kx_public: KxPublic(("kx", session_index, index).using_encoded(blake2_256)),
		peer_id: PeerId(("peer", session_index, index).using_encoded(blake2_256)),
		external_addresses: Vec::new(),
	}
}

/// The last labels of four hosts that can be reached.
const REACHABLE: [char; MAX_HOSTS] = ['a', 'b', 'c', 'd'];

/// The same, but the first of them cannot be reached: no top-level domain begins with a digit.
pub const ONE_UNREACHABLE: [char; MAX_HOSTS] = ['0', 'b', 'c', 'd'];

/// This many addresses, each as long as allowed, and with everything that takes time to check. Their hosts have these
/// letters at their ends, so that two are told apart as late as can be. The last host has all further addresses: it is
/// compared with the others each time.
pub fn longest_addresses<T: Config>(count: u32, peer_id: &PeerId, hosts: [char; MAX_HOSTS]) -> Vec<Vec<u8>> {
	let max = T::MaxExternalAddressSize::get() as usize;
	let peer = format!("/p2p/{}", String::from_utf8_lossy(&peer_id.to_base58()));
	let (before, behind) = ("/dns4/", format!("/tcp/30333{peer}"));
	// Names have at most 253 characters, and their labels at most 63. The last two characters are a dot and a letter.
	let size = max.saturating_sub(before.len()).saturating_sub(behind.len()).clamp(3, 253) - 2;
	let labels: String = (1..=size).map(|place| if place % 64 == 0 { '.' } else { 'x' }).collect();
	let labels = labels.trim_end_matches('.');
	let address = |host: char| {
		let longest = format!("{before}{labels}.{host}{behind}");
		if longest.len() <= max {
			longest
		} else {
			format!("{before}x.{host}")
		}
	};
	(0..count as usize).map(|index| address(hosts[index.min(MAX_HOSTS - 1)]).into_bytes()).collect()
}

/// As many of the longest addresses as a mixnode can have.
pub fn most_addresses<T: Config>(peer_id: &PeerId) -> Vec<Vec<u8>> {
	longest_addresses::<T>(T::MaxExternalAddressesPerMixnode::get(), peer_id, REACHABLE)
}

/// The addresses of the `index`-th mixnode, which has this peer ID.
pub trait Addresses: Fn(&PeerId, u32) -> Vec<Vec<u8>> {}

impl<F: Fn(&PeerId, u32) -> Vec<Vec<u8>>> Addresses for F {}

fn bounded(session_index: SessionIndex, index: u32, addresses: &impl Addresses) -> BoundedMixnode {
	let mut mixnode = mixnode(session_index, index);
	mixnode.external_addresses = addresses(&mixnode.peer_id, index);
	mixnode.try_into().expect("its addresses are within the bounds; qed")
}

/// The entry of a session's list at a place.
pub fn listed<T: Config>(session_index: SessionIndex, place: u32, addresses: &impl Addresses) -> ListedMixnodeFor<T> {
	ListedMixnode {
		account: Some(account::<T>(&registrant("past", place))),
		mixnode: bounded(session_index, place, addresses),
	}
}

/// Begins a session with `registered` mixnodes, as many as in the one before. The election of the next session has just
/// begun, and everybody may draw in it. pallet-session's next rotation ends the session.
pub fn begin_session<T: Config>(registered: u32) {
	let now = BlockNumberFor::<T>::one();
	frame_system::Pallet::<T>::set_block_number(now);
	let required = crate::SessionsParameters::<T>::get().current.min_mixnodes;
	let roster = Roster { registered, required };
	CurrentSession::<T>::put(Session {
		index: CURRENT,
		started_at: now,
		rotations: T::SessionsPerMixnetSession::get().saturating_sub(1),
		length: T::SessionsPerMixnetSession::get(),
		phases: Pallet::<T>::phase_lengths(),
		current: roster,
		previous: roster,
		last_rotation: Rotation { count: ROTATIONS, at: now },
	});
	NextElection::<T>::put(Election {
		seed: Some(Seed([7; 32])),
		committed_by_rotation: ROTATIONS,
		committed_before: now.saturating_add(One::one()),
		..Pallet::<T>::empty_election()
	});
	NextToPrune::<T>::put(CURRENT - 1);
}

/// Sets the queued authorities, and the same ones as those before them, who are at work.
pub fn set_authorities<T: Config>(authorities: &[Registrant]) {
	for count in [ROTATIONS - 1, ROTATIONS] {
		CurrentSession::<T>::mutate(|session| session.last_rotation.count = count);
		Pallet::<T>::queue_authorities(authorities.iter().map(|one| (account::<T>(one), *one)), true);
	}
}

/// Lists mixnodes in a session that has begun, with all that its election has left behind.
pub fn list_past<T: Config>(session_index: SessionIndex, count: u32, addresses: impl Addresses) {
	for place in 0..count {
		let listed = listed::<T>(session_index, place, &addresses);
		let (registered_as, account) = (by_key(registrant("past", place)), account::<T>(&registrant("past", place)));
		let mixnode = &listed.mixnode;
		let key = RankKey { rank: rank(place, count), sequence: place };
		let state = CandidacyState::Listed { place, key };
		let candidacy = Candidacy { registered_as: Some(registered_as), next_revision: 1, state };
		Candidacies::<T>::insert(session_index, &account, candidacy);
		KxPublics::<T>::insert(session_index, mixnode.kx_public, &account);
		PeerIds::<T>::insert(session_index, mixnode.peer_id, &account);
		Mixnodes::<T>::insert(session_index, place, listed);
	}
}

/// The place of the `index`-th of `count` candidates in the order of their ranks, below `3 * count`. The best page of
/// the set is full when all are there, so that one more splits it.
fn rank_offset(index: u32, count: u32) -> u128 {
	let last = count.saturating_sub(PAGE_CAPACITY / 2);
	let offset = match index.checked_sub(last) {
		Some(late) if last > 0 => 2 * late,
		_ => 2 * index + 1,
	};
	offset.into()
}

/// Ranks from which on all candidates of a full election have theirs: worse than any that a policy is likely to give.
fn worst_ranks<T: Config>() -> u128 {
	u128::MAX - 3 * u128::from(T::MaxMixnodes::get()) - 3 * u128::from(T::MaxStandbys::get())
}

/// The rank of the `index`-th of `count` past candidates.
fn rank(index: u32, count: u32) -> Rank {
	Rank(u128::MAX - 3 * u128::from(count) + rank_offset(index, count))
}

/// A validator that has registered by this key.
fn by_key(registrant: Registrant) -> RegisteredAs {
	RegisteredAs { class: RegistrantClass::Validator, registrant }
}

/// Lists the `index`-th candidate for the next session, as if it had registered. Call [`forget_events`] when all are
/// listed.
pub fn add_candidate<T: Config>(index: u32, registered_as: RegisteredAs, rank: Rank, addresses: &impl Addresses) {
	add_candidate_of::<T>(index, account::<T>(&registered_as.registrant), registered_as, rank, addresses);
}

fn add_candidate_of<T: Config>(
	index: u32,
	account: T::AccountId,
	registered_as: RegisteredAs,
	rank: Rank,
	addresses: &impl Addresses,
) {
	let mixnode = bounded(NEXT, index, addresses);
	Pallet::<T>::add_candidate(NewMixnode { session_index: NEXT, account, registered_as, revision: 0, mixnode }, rank);
}

/// Removes the events of the set-up, which are no part of what is measured. Call it once, at the end: it takes time in
/// proportion to the keys that were written.
pub fn forget_events<T: Config>() {
	frame_system::Pallet::<T>::reset_events();
}

/// Lists as many elected and standbys as there can be, each with as many addresses as allowed. Another candidate will
/// take the place of the worst elected one, and that one the place of the worst standby. Returns one of the elected.
pub fn fill_election<T: Config>() -> Registrant {
	let first = registrant("elected", 0);
	fill_election_from::<T>(worst_ranks::<T>(), (account::<T>(&first), by_key(first)));
	first
}

/// The same with the best ranks that there are, and with this account as one of the elected. If it is ranked again, it
/// will be the last standby.
pub fn fill_election_of_the_best<T: Config>(account: T::AccountId, registered_as: RegisteredAs) {
	fill_election_from::<T>(0, (account, registered_as));
}

fn fill_election_from<T: Config>(from: u128, (first, first_as): (T::AccountId, RegisteredAs)) {
	let addresses = |peer_id: &PeerId, _| most_addresses::<T>(peer_id);
	let (elected, standbys) = (T::MaxMixnodes::get(), T::MaxStandbys::get());
	add_candidate_of::<T>(0, first, first_as, Rank(from + rank_offset(0, elected)), &addresses);
	for index in 1..elected {
		let rank = Rank(from + rank_offset(index, elected));
		add_candidate::<T>(index, by_key(registrant("elected", index)), rank, &addresses);
	}
	let from = from + 3 * u128::from(elected);
	for index in 0..standbys {
		let rank = Rank(from + rank_offset(index, standbys));
		add_candidate::<T>(elected.saturating_add(index), by_key(registrant("standby", index)), rank, &addresses);
	}
	forget_events::<T>();
}

/// A registrant with a mixnode, whose secrets are in the keystore.
pub struct Signer {
	registrant: sr25519::Public,
	/// The Edwards form of the key-exchange key.
	possession: ed25519::Public,
	kx_public: KxPublic,
	peer: ed25519::Public,
}

impl Signer {
	/// A registrant with new keys.
	pub fn generate() -> Self {
		// Proofs of possession are Ed25519 signatures under a key whose sign bit is 0: half of all keys.
		let possession = core::iter::repeat_with(|| ed25519_generate(KEY_TYPE, None))
			.find(|key| key.0[31] & 0x80 == 0)
			.expect("the iterator never ends; qed");
		let point = CompressedEdwardsY(possession.0).decompress().expect("the keystore generates keys; qed");
		Self {
			registrant: sr25519_generate(KEY_TYPE, None),
			possession,
			kx_public: KxPublic(point.to_montgomery().to_bytes()),
			peer: ed25519_generate(KEY_TYPE, None),
		}
	}

	/// Its name as a registrant.
	pub fn registrant(&self) -> Registrant {
		Registrant(self.registrant.0)
	}

	/// Its mixnode's peer ID.
	pub fn peer_id(&self) -> PeerId {
		PeerId(self.peer.0)
	}

	/// Its registration for the next session, with the proofs.
	pub fn registration<T: Config>(
		&self,
		revision: u8,
		external_addresses: Vec<Vec<u8>>,
	) -> (Registration, RegistrationProofs) {
		let mixnode = Mixnode { kx_public: self.kx_public, peer_id: self.peer_id(), external_addresses };
		let registration = Registration { session_index: NEXT, registrant: self.registrant(), revision, mixnode };
		let payload = Pallet::<T>::signing_payload(&registration);
		let ed25519 = |key| ed25519_sign(KEY_TYPE, key, &payload).expect("the keystore has generated it; qed").0;
		let proofs = RegistrationProofs {
			registrant: self.sign(&payload),
			possession: ed25519(&self.possession),
			peer: ed25519(&self.peer),
		};
		(registration, proofs)
	}

	/// A signature by the registrant's key.
	pub fn sign(&self, payload: &[u8]) -> [u8; 64] {
		sr25519_sign(KEY_TYPE, &self.registrant, payload).expect("the keystore has generated it; qed").0
	}
}
