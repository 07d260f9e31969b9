use super::*;
use crate::{sphinx::Backend, KxSecret, RelativeSession, RestingReason, SessionPhase, SessionStatus};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use RelativeSession::{Current, Previous};

fn rng() -> ChaChaRng {
	ChaChaRng::seed_from_u64(1)
}

fn status(current_index: u32, phase: u8) -> SessionStatus {
	SessionStatus { current_index, phase: SessionPhase::ALL[usize::from(phase)] }
}

/// The public key in the slot, if the slot holds nothing else.
fn key_of(sessions: &Sessions, relative: RelativeSession) -> Option<crate::KxPublic> {
	match sessions.slot(relative) {
		Some(Slot::KeyOnly(keys)) => Some(keys.public),
		_ => None,
	}
}

fn is_empty(sessions: &Sessions, relative: RelativeSession) -> bool {
	matches!(sessions.slot(relative), Some(Slot::Empty))
}

#[test]
fn keys_follow_their_session() {
	let mut rng = rng();
	let mut sessions = Sessions::new(Backend::Portable, Some(KxSecret::from_bytes([7; 32])));
	assert!(sessions.slot(Current).is_none());
	assert!(sessions.set_status(status(0, 3)));
	assert!(!sessions.set_status(status(0, 3)), "nothing changed");
	assert_eq!(key_of(&sessions, Current), Some(KxSecret::from_bytes([7; 32]).public()));
	assert!(sessions.slot(Previous).is_none());

	let (index, public) = sessions.next_public(Backend::Portable, &mut rng);
	assert_eq!(index, 1);
	assert_eq!(sessions.next_public(Backend::Portable, &mut rng), (1, public), "stable");
	sessions.set_status(status(1, 0));
	assert_eq!(key_of(&sessions, Previous), Some(KxSecret::from_bytes([7; 32]).public()));
	assert_eq!(key_of(&sessions, Current), Some(public));
	let (index, next) = sessions.next_public(Backend::Portable, &mut rng);
	assert_eq!(index, 2);
	assert_ne!(next, public);

	sessions.set_status(status(1, 3));
	assert!(sessions.slot(Previous).is_none(), "destroyed in phase 3");
	sessions.set_status(status(1, 0));
	assert!(sessions.slot(Previous).is_none(), "for good");
	assert_eq!(sessions.relative(0), None);
	assert_eq!(sessions.relative(1), Some(Current));
}

#[test]
fn a_key_of_a_skipped_session_lives_until_that_session_is_over() {
	let mut rng = rng();
	let mut sessions = Sessions::new(Backend::Portable, None);
	sessions.set_status(status(3, 1));
	assert!(is_empty(&sessions, Previous) && is_empty(&sessions, Current));
	let (_, public) = sessions.next_public(Backend::Portable, &mut rng);
	// Session 4 is skipped. Its key was made, and it is the previous session now.
	sessions.set_status(status(5, 1));
	assert_eq!(key_of(&sessions, Previous), Some(public));
	assert!(is_empty(&sessions, Current));
	// More sessions are skipped: no key is left.
	let (index, public) = sessions.next_public(Backend::Portable, &mut rng);
	assert_eq!(index, 6);
	sessions.set_status(status(9, 1));
	assert!(is_empty(&sessions, Previous) && is_empty(&sessions, Current));
	let (index, other) = sessions.next_public(Backend::Portable, &mut rng);
	assert_eq!(index, 10);
	assert_ne!(other, public);
}

#[test]
fn a_chain_that_steps_back_finds_no_earlier_key() {
	let mut rng = rng();
	let mut sessions = Sessions::new(Backend::Portable, None);
	sessions.set_status(status(5, 1));
	let (_, public) = sessions.next_public(Backend::Portable, &mut rng);
	sessions.set_status(status(6, 1));
	assert_eq!(key_of(&sessions, Current), Some(public));
	sessions.set_status(status(5, 1));
	assert!(is_empty(&sessions, Previous) && is_empty(&sessions, Current));
	sessions.set_status(status(6, 1));
	assert!(is_empty(&sessions, Previous) && is_empty(&sessions, Current));
	sessions.set_status(status(0, 0));
	assert!(sessions.slot(Previous).is_none() && is_empty(&sessions, Current));
}

#[test]
fn keys_can_be_restored_until_the_mixnodes_are_known() {
	let mut rng = rng();
	let secret = |byte| KxSecret::from_bytes([byte; 32]);
	// Before the chain's status is known.
	let mut sessions = Sessions::new(Backend::Portable, None);
	assert!(sessions.restore_key(Backend::Portable, 4, secret(4)));
	assert!(!sessions.restore_key(Backend::Portable, 4, secret(5)), "it has one");
	assert!(sessions.restore_key(Backend::Portable, 5, secret(5)));
	assert!(sessions.restore_key(Backend::Portable, 9, secret(9)));
	sessions.set_status(status(4, 0));
	assert_eq!(key_of(&sessions, Current), Some(secret(4).public()));
	assert_eq!(sessions.next_public(Backend::Portable, &mut rng), (5, secret(5).public()));
	// Afterwards, for the live sessions and the next one.
	assert!(sessions.restore_key(Backend::Portable, 3, secret(3)));
	assert_eq!(key_of(&sessions, Previous), Some(secret(3).public()));
	assert!(!sessions.restore_key(Backend::Portable, 2, secret(2)), "over");
	assert!(!sessions.restore_key(Backend::Portable, 9, secret(9)), "too early");
	*sessions.slot_mut(Current).unwrap() = Slot::Resting(RestingReason::NotMixnode);
	assert!(!sessions.restore_key(Backend::Portable, 4, secret(4)), "too late");
	sessions.set_status(status(4, 3));
	assert!(!sessions.restore_key(Backend::Portable, 3, secret(3)), "over");
}

#[test]
fn the_last_session_has_no_next_one() {
	let mut sessions = Sessions::new(Backend::Portable, None);
	sessions.set_status(status(u32::MAX, 1));
	let (index, _) = sessions.next_public(Backend::Portable, &mut rng());
	assert_eq!(index, u32::MAX);
	sessions.set_status(status(u32::MAX, 2));
	assert!(is_empty(&sessions, Current));
}

#[test]
fn the_memory_of_two_sessions_is_reckoned_with() {
	let both = 2 * (size_of::<Session>() + 32);
	assert!((both..both + 2000).contains(&Sessions::max_bytes()), "{both} of {}", Sessions::max_bytes());
}
