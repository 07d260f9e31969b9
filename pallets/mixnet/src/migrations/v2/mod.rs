//! Version 2: validators and candidates by account.
//!
//! Version 1 knew validators and candidates by their keys alone. What changed:
//!
//! | item | in version 1 | in version 2 | migrated |
//! |---|---|---|---|
//! | `CurrentSession` | session, rosters | also the lengths of the session and its phases, and the last rotation | at once |
//! | `LastRotation` | the last rotation | a part of `CurrentSession` | at once |
//! | `NextElection` | seed, numbers | also how many are elected and stand by at most | at once |
//! | `AuthorityPages` | keys | also accounts and weights | at once |
//! | `Mixnodes`, `Candidacies`, `KxPublics`, `PeerIds` of candidates | by key | by account | at once |
//! | `Candidacies` of those who are out or barred | by key | by account | in steps |
//! | `Mixnodes` of live sessions | by key | both are read: [`ListedMixnode`] | not at all |
//! | `Operators` | since when the operator had its key | without it | in steps |
//! | everything of older sessions | | removed | in steps |
//!
//! At once means in the block of the upgrade: for each validator a few dozen bytes to write, and for each of at most
//! `MaxMixnodes` and `MaxStandbys` candidates nine storage accesses. Few candidates are there when a session has just
//! begun. So a chain with thousands of mixnodes upgrades then.
//!
//! # Accounts
//!
//! Which account has a key is asked of pallet-session: [`AccountsOfKeys`]. The accounts of operators are those that
//! their keys lead to. A key that is both a validator's and an operator's is the validator's, as in version 1.
//!
//! **One account, one candidacy.** In version 1 an account could have several, by keys that it had one after another, or
//! as validator and as operator. Of these, the one survives whose key pallet-session has queued now; if there is none, the
//! operator's. The mixnodes of the others are removed. The account's next revision is the greatest that any of its keys
//! had reached, so that nothing can be registered twice. If one of its keys was barred, the account is.
//!
//! A candidate is removed if its key leads to no account that may register now: a validator's former key, or that of one
//! that is no longer queued. So is one whose validator pallet-session has disabled, by whatever key. The candidates that
//! are left keep their ranks. Where a place becomes free, the next best gets it.
//!
//! A validator weighs in the election under way what it weighs at the upgrade.
//!
//! # What if sessions rotate before the last step
//!
//! - The election of the next session is migrated at once. The session begins with the list that it should have.
//! - Who is out or barred is looked at when its step comes. If the session has begun by then, it does not matter any more.
//! - Lists of sessions that were live at the upgrade are read as they are, for as long as they live. They name no accounts.
//! - Operators can do nothing until the last step, since no transactions are taken. Handlers do not read them.
//!
//! [`ListedMixnode`]: crate::ListedMixnode
//! [`AccountsOfKeys`]: super::AccountsOfKeys

mod at_once;
mod authorities;
mod candidates;
#[cfg(feature = "try-runtime")]
mod checks;
mod steps;
// The macro of aliases defines more types, which cannot be documented.
#[allow(missing_docs)]
pub mod v1;

pub use at_once::{MigrateEverything, MigrateWhatHandlersRead};
#[cfg(feature = "runtime-benchmarks")]
pub(crate) use steps::advance;
pub use steps::{Cursor, FinishV2};

use crate::{authorities::Generation, Config, OperatorKeys, Pallet, RegistrantClass};
use frame_support::{migrations::VersionedMigration, storage_alias};
use mixnet_primitives::{Registrant, SessionIndex};

/// Migrates from version 1 to 2 what handlers of sessions and nodes read, if the chain is at version 1. The runtime must
/// name [`FinishV2`] among its stepped migrations: operators cannot be read until that has run.
pub type MigrateToV2<T, Accounts> =
	VersionedMigration<1, 2, MigrateWhatHandlersRead<T, Accounts>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// Migrates everything from version 1 to 2 in one block, if the chain is at version 1. For chains on which that fits in
/// a block.
pub type MigrateToV2AtOnce<T, Accounts> =
	VersionedMigration<1, 2, MigrateEverything<T, Accounts>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// While there are steps left: the session that was the next one at the upgrade.
#[storage_alias]
pub(crate) type Unfinished<T: Config> = StorageValue<Pallet<T>, SessionIndex>;

/// Whose a key of version 1 is.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Owner<AccountId> {
	account: AccountId,
	/// The right by which the account can register by this key. `None` for a validator's former key.
	class: Option<RegistrantClass>,
}

/// Whose this key is; `None` if it leads to no account.
fn owner_of<T: Config>(registrant: &Registrant) -> Option<Owner<T::AccountId>> {
	if let Some(entry) = Pallet::<T>::queued_authority(registrant) {
		return Some(Owner { account: entry.account, class: Some(RegistrantClass::Validator) });
	}
	if let Some(account) = OperatorKeys::<T>::get(registrant) {
		return Some(Owner { account, class: Some(RegistrantClass::Operator) });
	}
	Pallet::<T>::authority(Generation::Active, registrant).map(|entry| Owner { account: entry.account, class: None })
}
