//! What the pallet's errors say more than their names. Each field is one byte: errors of pallets have four in all.
//!
//! The types wrap those of `mixnet-primitives`, which knows nothing of FRAME and its trait for such fields.

use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::traits::PalletError;
use mixnet_primitives::{Parameter, RegistrationError};
use scale_info::TypeInfo;

/// Why a registration is refused, in an error of the pallet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Refusal(pub RegistrationError);

impl PalletError for Refusal {
	const MAX_ENCODED_SIZE: usize = 1;
}

/// The parameter that is wrong, in an error of the pallet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ParameterName(pub Parameter);

impl PalletError for ParameterName {
	const MAX_ENCODED_SIZE: usize = 1;
}
