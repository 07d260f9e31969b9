//! What crosses from chain to node is encoded as nodes of the Substrate Mix Network expect it. (PROTOCOL.md, section
//! 12)

use codec::{Decode, Encode};
use mixnet_primitives::{KxPublic, Mixnode, MixnodesError, PeerId, SessionPhase, SessionStatus};
use sp_mixnet::types as theirs;

#[test]
fn session_statuses_are_encoded_alike() {
	let phases = [
		theirs::SessionPhase::CoverToCurrent,
		theirs::SessionPhase::RequestsToCurrent,
		theirs::SessionPhase::CoverToPrev,
		theirs::SessionPhase::DisconnectFromPrev,
	];
	for (phase, theirs) in SessionPhase::ALL.into_iter().zip(phases) {
		let encoded = SessionStatus { current_index: 0x0102_0304, phase }.encode();
		assert_eq!(encoded, theirs::SessionStatus { current_index: 0x0102_0304, phase: theirs }.encode());
		assert_eq!(SessionStatus::decode(&mut &encoded[..]), Ok(SessionStatus { current_index: 0x0102_0304, phase }));
	}
}

#[test]
fn mixnodes_are_encoded_alike() {
	let addresses = vec![b"/ip4/127.0.0.1/tcp/1".to_vec(), Vec::new()];
	let ours: Result<_, MixnodesError> = Ok(vec![Mixnode {
		kx_public: KxPublic([1; 32]),
		peer_id: PeerId([2; 32]),
		external_addresses: addresses.clone(),
	}]);
	let theirs: Result<_, theirs::MixnodesErr> =
		Ok(vec![theirs::Mixnode { kx_public: [1; 32], peer_id: [2; 32], external_addresses: addresses }]);
	assert_eq!(ours.encode(), theirs.encode());
	assert_eq!(Decode::decode(&mut &theirs.encode()[..]), Ok(ours));
}

#[test]
fn sessions_without_mixnodes_are_encoded_alike() {
	let ours: Result<Vec<Mixnode>, _> = Err(MixnodesError::InsufficientRegistrations { num: 2, min: 3 });
	let theirs: Result<Vec<theirs::Mixnode>, _> =
		Err(theirs::MixnodesErr::InsufficientRegistrations { num: 2, min: 3 });
	assert_eq!(ours.encode(), theirs.encode());
}
