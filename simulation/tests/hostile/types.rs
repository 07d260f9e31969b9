//! Secrets cannot be copied or printed, and are destroyed when they are dropped.

use super::victim::{request, whole, Victim, SESSION};
use mixnet_node_core::{
	replay::ReplayFilter,
	sphinx::{KxSecret, Surb, SurbKeys},
	ReplyTo, SessionPhase,
};
use static_assertions::assert_not_impl_any;
use std::fmt::{Debug, Display};
use zeroize::ZeroizeOnDrop;

assert_not_impl_any!(KxSecret: Clone, Copy, Debug, Display);
assert_not_impl_any!(Surb: Clone, Copy, Debug, Display);
assert_not_impl_any!(SurbKeys: Clone, Copy, Debug, Display);
assert_not_impl_any!(ReplyTo: Clone, Copy, Display);
assert_not_impl_any!(ReplayFilter: Clone, Copy);

fn is_destroyed_on_drop<T: ZeroizeOnDrop>() {}

#[test]
fn secrets_are_destroyed_when_they_are_dropped() {
	is_destroyed_on_drop::<KxSecret>();
	is_destroyed_on_drop::<Surb>();
}

#[test]
fn a_reply_to_is_printed_without_surbs() {
	let mut victim = Victim::new(1, SessionPhase::DisconnectFromPrev);
	let payload = whole([0x11; 16], 1, &[[0xab; 222]; 3]);
	let (_, reply_to) = victim.takes_request(request(SESSION, 1, &payload));
	let printed = format!("{reply_to:?} {reply_to:#?}");
	assert!(printed.contains("surbs: 3") && printed.contains(&"11".repeat(16)), "{printed}");
	assert!(!printed.contains("171") && !printed.contains("ab, "), "{printed}");
}
