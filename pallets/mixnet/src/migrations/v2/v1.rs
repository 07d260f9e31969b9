//! The storage of version 1, as far as that of version 2 is different.
//!
//! Bounds are left out. What was stored under the bounds of an earlier runtime must be read, whatever they were.

use crate::{ranked_set::RankKey, BalanceOf, Config, Pallet, Roster, Rotation, Seed};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use frame_support::{pallet_prelude::*, storage_alias};
use frame_system::pallet_prelude::BlockNumberFor;
use mixnet_primitives::{KxPublic, Mixnode, PeerId, Place, Registrant, SessionIndex};

/// The current session. The lengths of its phases were constants.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Session<BlockNumber> {
	/// Index of the current session.
	pub index: SessionIndex,
	/// The block in which it began.
	pub started_at: BlockNumber,
	/// How many times pallet-session has rotated since then.
	pub rotations: u32,
	/// The roster of the current session.
	pub current: Roster,
	/// The roster of the previous session.
	pub previous: Roster,
}

/// The election of the next session's mixnodes. How many it elects was a constant.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Election<BlockNumber> {
	/// What the draws are made from.
	pub seed: Option<Seed>,
	/// Authorities draw if this rotation of pallet-session, or an earlier one, queued their keys.
	pub committed_by_rotation: u32,
	/// Only operator keys and bonds from before this block count.
	pub committed_before: BlockNumber,
	/// How many candidates are elected.
	pub elected: u32,
	/// How many candidates stand by.
	pub standbys: u32,
	/// How many candidates have been ranked so far.
	pub ranked: u32,
}

/// An authority that could register.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct AuthorityEntry {
	/// The authority's session key.
	pub registrant: Registrant,
	/// The authority's index among pallet-session's validators.
	pub validator_index: u32,
	/// The number of the rotation from which on this key had been queued without a gap.
	pub since: u32,
}

/// A mixnode in its session's list.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ListedMixnode {
	/// The key that registered it; `None` for the mixnodes that genesis names.
	pub registrant: Option<Registrant>,
	/// The mixnode's key, peer ID and addresses.
	pub mixnode: Mixnode,
}

/// A registrant's part in one session's election.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Candidacy {
	/// The revision that its next registration must have.
	pub next_revision: u8,
	/// Is it listed, out, or barred?
	pub state: CandidacyState,
}

/// What became of a registrant in one session's election so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub enum CandidacyState {
	/// It is elected, or stands by.
	#[codec(index = 0)]
	Listed {
		/// Its place in the list.
		place: Place,
		/// Its key in the ranked set.
		key: RankKey,
	},
	/// It has no place. It may register again.
	#[codec(index = 1)]
	Out,
	/// It may not stand in this election any more.
	#[codec(index = 2)]
	Barred,
}

impl Candidacy {
	/// The size of a candidacy without a place, in bytes. Those of version 2 are larger: they say as what the account has
	/// registered.
	pub const UNLISTED_SIZE: usize = 2;
}

/// An operator. The block mattered in which its key was set.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Operator<Balance, BlockNumber> {
	/// The whole bond, on hold.
	pub bond: Balance,
	/// The part of the bond that was added last.
	pub recent: Balance,
	/// The block in which something was last added to the recent part.
	pub recent_since: BlockNumber,
	/// The part of the bond that was added before that.
	pub waiting: Balance,
	/// The block in which something was last added to the waiting part.
	pub waiting_since: BlockNumber,
	/// The key by which the operator registers.
	pub key: Option<Registrant>,
	/// The block in which the key was set.
	pub key_since: BlockNumber,
	/// The first session in which the bond can be withdrawn.
	pub releasable_in: Option<SessionIndex>,
}

/// The current session; none if the pallet was added to a chain that has not begun a session since.
#[storage_alias]
pub type CurrentSession<T: Config> = StorageValue<Pallet<T>, Session<BlockNumberFor<T>>>;

/// pallet-session's last rotation, which is a part of the session now.
#[storage_alias]
pub type LastRotation<T: Config> = StorageValue<Pallet<T>, Rotation<BlockNumberFor<T>>, ValueQuery>;

/// The first key of each page of authorities, by the parity of the rotation that queued them.
#[storage_alias]
pub type AuthorityDirectory<T: Config> = StorageMap<Pallet<T>, Identity, u8, Vec<Registrant>, ValueQuery>;

/// The authorities, by the parity of the rotation that queued them and by page.
#[storage_alias]
pub type AuthorityPages<T: Config> =
	StorageDoubleMap<Pallet<T>, Identity, u8, Identity, u32, Vec<AuthorityEntry>, ValueQuery>;

/// The election of the next session.
#[storage_alias]
pub type NextElection<T: Config> = StorageValue<Pallet<T>, Election<BlockNumberFor<T>>>;

/// The mixnodes, by session and place.
#[storage_alias]
pub type Mixnodes<T: Config> = StorageDoubleMap<Pallet<T>, Identity, SessionIndex, Identity, Place, ListedMixnode>;

/// The candidacies, by session and key.
#[storage_alias]
pub type Candidacies<T: Config> =
	StorageDoubleMap<Pallet<T>, Twox64Concat, SessionIndex, Blake2_128Concat, Registrant, Candidacy>;

/// Who has a key-exchange key.
#[storage_alias]
pub type KxPublics<T: Config> =
	StorageDoubleMap<Pallet<T>, Twox64Concat, SessionIndex, Blake2_128Concat, KxPublic, Registrant>;

/// Who has a peer ID.
#[storage_alias]
pub type PeerIds<T: Config> =
	StorageDoubleMap<Pallet<T>, Twox64Concat, SessionIndex, Blake2_128Concat, PeerId, Registrant>;

/// The operators, by account.
#[storage_alias]
pub type Operators<T: Config> = StorageMap<
	Pallet<T>,
	Blake2_128Concat,
	<T as frame_system::Config>::AccountId,
	Operator<BalanceOf<T>, BlockNumberFor<T>>,
>;
