//! Scratch.
use crate::mock::*;
#[test]
fn smoke() {
	ext().execute_with(|| {
		run_to_block(1);
		register(0, 0);
		register(1, 1);
		register(1, 2);
		assert_eq!(next_registrations(), [(0, Some(0)), (1, Some(1))]);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![mixnode(0), mixnode(2)]));
		bond(50, 1000);
		run_to_next_session();
		run_to_next_session();
		register(50, 3);
	});
}
