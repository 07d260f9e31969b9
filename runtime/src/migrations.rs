//! What migrations of the mixnet's pallet have to know of this runtime.

use crate::{AccountId, Runtime};
use alloc::vec::Vec;
use pallet_mixnet::AuthorityId;
use pallet_session::{QueuedKeys, Validators};

// guide: accounts of keys
/// The accounts of session keys, as pallet-session has queued them.
pub struct SessionAccounts;

impl pallet_mixnet::migrations::AccountsOfKeys<AccountId> for SessionAccounts {
	fn queued() -> Vec<(AccountId, AuthorityId)> {
		QueuedKeys::<Runtime>::get().into_iter().map(|(account, keys)| (account, keys.mixnet)).collect()
	}

	fn active() -> Vec<AccountId> {
		Validators::<Runtime>::get()
	}
}
// guide: end
