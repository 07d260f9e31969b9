//! Session 0, as the chain specification describes it.

use crate::{mock::*, GenesisConfig, SessionsParameters};
use mixnet_primitives::{KxPublic, Mixnode, MixnodesError, Parameters, PeerId, SessionParameters};
use sp_runtime::BuildStorage;

#[test]
fn genesis_mixnodes_are_those_of_session_0() {
	let mixnodes = vec![mixnode(3), mixnode(1), mixnode(2)];
	ext_with_genesis(mixnodes.clone()).execute_with(|| {
		check_invariants();
		assert_eq!(Mixnet::current_mixnodes(), Ok(mixnodes.clone()));
		assert_eq!(Mixnet::prev_mixnodes(), Err(MixnodesError::InsufficientRegistrations { num: 0, min: 2 }));
		run_to_next_session();
		assert_eq!(Mixnet::prev_mixnodes(), Ok(mixnodes));
		assert_eq!(Mixnet::current_mixnodes(), Err(MixnodesError::InsufficientRegistrations { num: 0, min: 2 }));
	});
}

#[test]
fn genesis_mixnodes_may_register_for_session_1() {
	ext_with_genesis(vec![mixnode(0), mixnode(1)]).execute_with(|| {
		run_to_block(1);
		register(0, 0);
		register(1, 1);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Mixnet::prev_mixnodes());
	});
}

#[test]
fn session_0_may_rest() {
	ext_with_genesis(vec![mixnode(1)]).execute_with(|| {
		assert_eq!(Mixnet::current_mixnodes(), Err(MixnodesError::InsufficientRegistrations { num: 1, min: 2 }));
	});
}

#[test]
fn genesis_parameters_are_those_of_session_0_and_after() {
	let parameters = Parameters { hops: 4, min_mixnodes: 5, ..Default::default() };
	let genesis = GenesisConfig::<Runtime> { parameters: Some(parameters), ..Default::default() };
	let mut ext: sp_io::TestExternalities = genesis.build_storage().expect("genesis builds").into();
	ext.execute_with(|| {
		let all = SessionParameters { previous: parameters, current: parameters, next: parameters };
		assert_eq!(Mixnet::parameters(), all);
		assert_eq!(Mixnet::current_mixnodes(), Err(MixnodesError::InsufficientRegistrations { num: 0, min: 5 }));
	});
}

#[test]
fn parameters_that_genesis_leaves_out_are_the_default_ones() {
	let mut ext: sp_io::TestExternalities =
		GenesisConfig::<Runtime>::default().build_storage().expect("genesis builds").into();
	ext.execute_with(|| {
		assert!(SessionsParameters::<Runtime>::exists());
		assert_eq!(Mixnet::parameters(), SessionParameters::default());
	});
}

#[test]
fn genesis_is_read_from_json() {
	let json = format!(
		r#"{{ "mixnodes": [{{ "kx_public": "{}", "peer_id": "{}", "external_addresses": [[47, 105]] }}],
		      "parameters": {} }}"#,
		"09".repeat(32),
		"0a".repeat(32),
		r#"{ "hops": 5, "min_mixnodes": 4, "mean_forwarding_delay_ms": 500, "mean_extrinsic_delay_ms": 600,
		     "mixnode_mean_period_ms": 200, "non_mixnode_mean_period_ms": 2000, "loop_cover_permille": 300,
		     "forward_queue_capacity": 400, "mixnode_queue_capacity": 60, "non_mixnode_queue_capacity": 30,
		     "max_fragments_per_message": 20, "reply_cooldown_ms": 5000 }"#
	);
	let genesis: GenesisConfig<Runtime> = serde_json::from_str(&json).expect("it is one");
	let expected =
		Mixnode { kx_public: KxPublic([9; 32]), peer_id: PeerId([10; 32]), external_addresses: vec![b"/i".to_vec()] };
	assert_eq!(genesis.mixnodes, [expected]);
	let parameters = genesis.parameters.expect("they are there");
	assert_eq!((parameters.hops, parameters.min_mixnodes, parameters.reply_cooldown_ms), (5, 4, 5000));

	let without: GenesisConfig<Runtime> =
		serde_json::from_str(r#"{ "mixnodes": [], "parameters": null }"#).expect("one");
	assert_eq!(without.parameters, None);
}

fn build(mixnodes: Vec<Mixnode>) {
	let genesis = GenesisConfig::<Runtime> { mixnodes, ..Default::default() };
	genesis.build_storage().expect("nothing else can go wrong");
}

#[test]
fn genesis_may_have_as_many_mixnodes_as_a_session() {
	build((0..30).map(mixnode).collect());
}

#[test]
#[should_panic(expected = "genesis names 31 mixnodes, a session has at most 30")]
fn genesis_with_too_many_mixnodes_is_refused() {
	build((0..31).map(mixnode).collect());
}

#[test]
#[should_panic(expected = "genesis mixnode 1 cannot be used: too many external addresses")]
fn genesis_with_too_many_addresses_is_refused() {
	let mut bad = mixnode(1);
	bad.external_addresses = vec![b"/dns/example.com".to_vec(); 5];
	build(vec![mixnode(0), bad]);
}

#[test]
#[should_panic(expected = "genesis mixnode 1 cannot be used: an external address is no multiaddr")]
fn genesis_with_an_address_that_is_none_is_refused() {
	let mut bad = mixnode(1);
	bad.external_addresses = vec![b"example.com:30333".to_vec()];
	build(vec![mixnode(0), bad]);
}

#[test]
#[should_panic(expected = "genesis mixnode 0 cannot be used: the key-exchange key")]
fn genesis_with_a_useless_key_is_refused() {
	let mut bad = mixnode(1);
	bad.kx_public = KxPublic([0; 32]);
	build(vec![bad]);
}

#[test]
#[should_panic(expected = "genesis mixnode 1 has its key or its peer ID in common with an earlier one")]
fn genesis_with_a_peer_twice_is_refused() {
	let mut bad = mixnode(1);
	bad.peer_id = mixnode(0).peer_id;
	build(vec![mixnode(0), bad]);
}

#[test]
#[should_panic(expected = "genesis mixnode 2 has its key or its peer ID in common with an earlier one")]
fn genesis_with_a_key_twice_is_refused() {
	let mut bad = mixnode(2);
	bad.kx_public = mixnode(0).kx_public;
	build(vec![mixnode(0), mixnode(1), bad]);
}

#[test]
#[should_panic(expected = "genesis parameters: `hops` is 7: choose one of 2 to 6")]
fn genesis_with_bad_parameters_is_refused() {
	let parameters = Some(Parameters { hops: 7, ..Default::default() });
	let genesis = GenesisConfig::<Runtime> { parameters, ..Default::default() };
	genesis.build_storage().expect("nothing else can go wrong");
}

#[test]
#[should_panic(expected = "genesis parameters: `min_mixnodes` is 31: choose one of 2 to 30")]
fn genesis_that_asks_for_more_mixnodes_than_a_session_has_is_refused() {
	let parameters = Some(Parameters { min_mixnodes: 31, ..Default::default() });
	let genesis = GenesisConfig::<Runtime> { parameters, ..Default::default() };
	genesis.build_storage().expect("nothing else can go wrong");
}
