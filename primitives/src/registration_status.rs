//! What a registrant is told about its registration for the next session.

use crate::{
	kx_public::KxPublic, mixnode::Place, peer_id::PeerId, registrant::Registrant, registration::RegistrationError,
	session::SessionIndex,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// What became of a candidate in the next session's election so far.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub enum Standing {
	/// It will mix, at this place of the session's list, unless better candidates come.
	Elected(Place),
	/// It will take the place of an elected candidate that is removed. Standbys move up in the order of their ranks.
	Standby,
}

/// A registrant's registration for the next session.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo, Serialize, Deserialize)]
pub struct RegisteredMixnode {
	/// The registrant whose mixnode it is.
	pub registrant: Registrant,
	/// The registrant's rank in the election: lower is better.
	pub rank: u128,
	/// Is it elected, or does it stand by?
	pub standing: Standing,
	/// The revision: 0 for the first registration of the session.
	pub revision: u8,
	/// The mixnode's key-exchange key.
	pub kx_public: KxPublic,
	/// The mixnode's peer ID.
	pub peer_id: PeerId,
}

/// What a registrant has registered for the next session, and what it should do now.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo, Serialize, Deserialize)]
pub struct RegistrationStatus {
	/// The index of the next session.
	pub session_index: SessionIndex,
	/// The registrant's registration for that session, if it is elected or stands by.
	pub registered: Option<RegisteredMixnode>,
	/// The least revision that its next registration may have.
	pub revision: u8,
	/// What the registrant should do now.
	pub advice: RegistrationAdvice,
}

/// What a registrant should do now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo, Serialize, Deserialize)]
pub enum RegistrationAdvice {
	/// Nothing: the key that was asked about is registered.
	Registered,
	/// Register now.
	Register,
	/// Wait: registrations are spread over the session, and this registrant's turn has not come.
	Wait,
	/// The registrant cannot register, for this reason.
	Missing(RegistrationError),
}

/// Why a registration was not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum SubmitError {
	/// The chain would refuse it, for this reason.
	Refused(RegistrationError),
	/// The transaction pool does not take it. It may have it already.
	Pool,
}

impl fmt::Display for SubmitError {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		match self {
			Self::Refused(error) => error.fmt(f),
			Self::Pool => f.write_str("the transaction pool did not take it; it may have it already"),
		}
	}
}
