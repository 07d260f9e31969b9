//! How a chain that runs already gets the mixnet: the upgrade of its session keys.
//!
//! This chain has had its mixnet since genesis, so it never runs this code. The code is compiled and tested for
//! docs/INTEGRATION.md. A chain that adds the mixnet puts [`AddMixnetKeys`] among its `SingleBlockMigrations`, for the
//! one upgrade in which `mixnet` joins its session keys.

use crate::{AccountId, Babe, Grandpa, Runtime, Session, SessionKeys};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{traits::OnRuntimeUpgrade, weights::Weight};
use sp_core::crypto::ByteArray;
use sp_runtime::impl_opaque_keys;

// guide: old keys
impl_opaque_keys! {
	/// The session keys from before the mixnet.
	pub struct OldSessionKeys {
		pub babe: Babe,
		pub grandpa: Grandpa,
	}
}
// guide: end

// guide: placeholder
/// A key that nobody holds, a different one for each validator. Until the validator sets a real key by
/// `session.set_keys`, it cannot register.
fn placeholder(validator: &AccountId) -> pallet_mixnet::AuthorityId {
	let bytes = (b"mixnet: no key yet", validator).using_encoded(sp_io::hashing::blake2_256);
	pallet_mixnet::AuthorityId::from_slice(&bytes).expect("a public key is 32 bytes; qed")
}

/// Replaces the [`OldSessionKeys`] of all validators by [`SessionKeys`], with a placeholder for the mixnet.
pub struct AddMixnetKeys;

impl OnRuntimeUpgrade for AddMixnetKeys {
	fn on_runtime_upgrade() -> Weight {
		Session::upgrade_keys::<OldSessionKeys, _>(|validator, old| SessionKeys {
			babe: old.babe,
			grandpa: old.grandpa,
			mixnet: placeholder(&validator),
		});
		// Two values that list all validators; and for each validator its keys, and the owners of its two old and three
		// new keys.
		let validators = pallet_session::NextKeys::<Runtime>::iter_keys().count() as u64;
		<Runtime as frame_system::Config>::DbWeight::get().reads_writes(2 + 2 * validators, 1 + 6 * validators)
	}
}
// guide: end
