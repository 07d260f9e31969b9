//! The author of a block in a test: its claim to the slot, and what its VRF gives.

use crate::*;
use codec::Encode;
use sp_consensus_babe::{
	digests::{PreDigest, PrimaryPreDigest, SecondaryVRFPreDigest},
	epoch_index, make_vrf_sign_data, make_vrf_transcript, AuthorityIndex, Epoch, Randomness, Slot, BABE_ENGINE_ID,
	RANDOMNESS_VRF_CONTEXT,
};
use sp_core::{crypto::VrfSecret, sr25519};
use sp_keyring::Sr25519Keyring;
use sp_runtime::DigestItem;

/// How an author comes by its slot.
///
/// Whether it won a primary slot is for nodes to check: the runtime believes it.
#[derive(Clone, Copy)]
pub enum Claim {
	/// Its VRF won the slot. The VRF's output goes into the randomness of a later epoch.
	Primary,
	/// It was its turn. It publishes an output all the same, but not for that randomness.
	Secondary,
}

impl Claim {
	/// What an author puts into the header of its block in this slot, and the output of its VRF. To be asked in the
	/// state before the block.
	pub fn digest(self, authority_index: AuthorityIndex, slot: Slot) -> (DigestItem, Randomness) {
		let epoch = epoch_of(slot);
		let (authority, _) = &epoch.authorities[authority_index as usize];
		let public: sr25519::Public = authority.clone().into();
		let key =
			Sr25519Keyring::from_public(&public).expect("the validators of the preset are well known; qed").pair();

		let (randomness, epoch_index) = (&epoch.randomness, epoch.epoch_index);
		let vrf_signature = key.vrf_sign(&make_vrf_sign_data(randomness, slot, epoch_index));
		let output = key.make_bytes(RANDOMNESS_VRF_CONTEXT, &make_vrf_transcript(randomness, slot, epoch_index));
		let claim = match self {
			Self::Primary => PreDigest::Primary(PrimaryPreDigest { authority_index, slot, vrf_signature }),
			Self::Secondary => PreDigest::SecondaryVRF(SecondaryVRFPreDigest { authority_index, slot, vrf_signature }),
		};
		(DigestItem::PreRuntime(BABE_ENGINE_ID, claim.encode()), output)
	}
}

/// The epoch of a slot, as nodes know it in the state before a block in that slot.
fn epoch_of(slot: Slot) -> Epoch {
	let first = Babe::genesis_slot();
	// Epoch 0 begins with block 1, in whatever slot that is.
	let index = if *first == 0 { 0 } else { epoch_index(slot, first, SESSION_BLOCKS.into()) };
	if index == Babe::epoch_index() {
		Babe::current_epoch()
	} else {
		// If epochs were skipped, what was announced for the first of them is for this one.
		Epoch { epoch_index: index, ..Babe::next_epoch() }
	}
}
