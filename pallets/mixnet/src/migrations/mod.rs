//! Migrations of the storage, from earlier versions of the pallet to the present one.
//!
//! A runtime that has an earlier version names them, in ascending order. Each runs once, if the version on chain is the
//! one that it starts from. A runtime that adds the pallet needs none.
//!
//! | from | to | what changed | |
//! |---|---|---|---|
//! | 0 | 1 | elections, operators, parameters on chain | [`v1`] |
//! | 1 | 2 | validators and candidates by account | [`v2`] |
//!
//! # What runs in the block of the upgrade, and what in steps
//!
//! In the block of the upgrade, pallet-session may rotate before anything but `SingleBlockMigrations` has run. So these
//! migrate all that handlers of sessions and nodes read. How much that is follows from the runtime's constants, and
//! [`WeightInfo::migrate_to_v2`](crate::WeightInfo::migrate_to_v2) says what it costs.
//!
//! What has no such bound is migrated in **steps** that fit in any block: [`v2::FinishV2`]. They are for the runtime's
//! `MultiBlockMigrator`, such as `pallet-migrations`. It lets no transactions into blocks until the last step is done.
//! Sessions rotate meanwhile, validators are disabled, and nodes read lists.
//!
//! A chain on which all of it fits in one block needs no steps: [`v2::MigrateToV2AtOnce`] does everything there. With
//! `try-runtime`, each migration refuses to begin if it takes more than a block.
//!
//! [`AllowPrivateAddresses`] is for a private network whose chain was started before addresses had to be within reach.

mod private_addresses;
pub mod v1;
pub mod v2;

pub use private_addresses::AllowPrivateAddresses;

use crate::AuthorityId;
use alloc::vec::Vec;

/// Which account has which session key, as pallet-session knows it.
///
/// Earlier versions stored keys only. Who owns a key now is no answer: that changes at once with `set_keys`, and what
/// counts is who had it when pallet-session queued it.
///
/// ```ignore
/// pub struct SessionAccounts;
///
/// impl pallet_mixnet::migrations::AccountsOfKeys<AccountId> for SessionAccounts {
///     fn queued() -> Vec<(AccountId, pallet_mixnet::AuthorityId)> {
///         let queued = pallet_session::QueuedKeys::<Runtime>::get().into_iter();
///         queued.map(|(account, keys)| (account, keys.mixnet)).collect()
///     }
///
///     fn active() -> Vec<AccountId> {
///         pallet_session::Validators::<Runtime>::get()
///     }
/// }
/// ```
pub trait AccountsOfKeys<AccountId> {
	/// The validators of the next of pallet-session's sessions, with their keys for the mixnet, in its order:
	/// `QueuedKeys`.
	fn queued() -> Vec<(AccountId, AuthorityId)>;

	/// The validators of pallet-session's present session, in its order: `Validators`.
	fn active() -> Vec<AccountId>;
}
