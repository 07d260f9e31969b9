//! Session 0, as the chain specification describes it.

use crate::{migrations::AllowPrivateAddresses, mock::*, GenesisConfig, PrivateAddresses, SessionsParameters};
use frame_support::traits::{BuildGenesisConfig, OnRuntimeUpgrade};
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
	// As in the specifications of chains that are older than this choice.
	assert!(!genesis.allow_private_addresses && !without.allow_private_addresses);
	let private: GenesisConfig<Runtime> =
		serde_json::from_str(r#"{ "mixnodes": [], "parameters": null, "allowPrivateAddresses": true }"#).expect("one");
	assert!(private.allow_private_addresses);
}

/// A mixnode whose only address is in a private network.
fn private_mixnode(n: u64) -> Mixnode {
	Mixnode { external_addresses: vec![b"/ip4/10.1.2.3/tcp/30333".to_vec()], ..mixnode(n) }
}

/// Registers `private_mixnode(0)` as account 0, which succeeds or not.
fn registers_a_private_address() -> bool {
	run_to_block(1);
	let registration = registration(0, private_mixnode(0));
	let proofs = prove(0, 0, &registration);
	apply_registration(registration, proofs).is_ok()
}

#[test]
fn genesis_may_allow_private_addresses_for_ever() {
	for allow_private_addresses in [false, true] {
		// Accounts and validators are those of all tests, the mixnet's part is this test's.
		let mut ext = ext();
		ext.execute_with(|| {
			let mixnodes = if allow_private_addresses { vec![private_mixnode(7)] } else { vec![mixnode(7)] };
			GenesisConfig::<Runtime> {
				mixnodes: mixnodes.clone(),
				parameters: Some(Parameters { min_mixnodes: 2, ..Default::default() }),
				allow_private_addresses,
				..Default::default()
			}
			.build();
			let page = Mixnet::mixnodes_page(0, 0, 10).expect("it is the current session");
			assert_eq!(page.mixnodes, mixnodes);
			assert_eq!(PrivateAddresses::<Runtime>::get(), allow_private_addresses);
			run_to_next_session();
			assert_eq!(registers_a_private_address(), allow_private_addresses);
		});
	}
}

/// A chain that is older than the choice has nothing stored of it.
#[test]
fn a_chain_that_upgrades_refuses_private_addresses_until_it_allows_them() {
	ext().execute_with(|| {
		PrivateAddresses::<Runtime>::kill();
		assert!(!registers_a_private_address());
		for _ in 0..2 {
			AllowPrivateAddresses::<Runtime>::on_runtime_upgrade();
		}
		assert!(registers_a_private_address());
		check_invariants();
	});
}

/// What has been registered stays, whatever may be registered now.
#[test]
fn a_mixnode_that_was_registered_under_another_rule_stays() {
	ext().execute_with(|| {
		PrivateAddresses::<Runtime>::put(true);
		assert!(registers_a_private_address());
		PrivateAddresses::<Runtime>::kill();
		check_invariants();
		register(1, 1);
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![private_mixnode(0), mixnode(1)]));
	});
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
	bad.external_addresses = vec![b"/dns/mixnet.org".to_vec(); MAX_ADDRESSES as usize + 1];
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
#[should_panic(expected = "genesis mixnode 1 cannot be used: there is no external address")]
fn genesis_with_a_mixnode_that_nobody_can_dial_is_refused() {
	let mut bad = mixnode(1);
	bad.external_addresses.clear();
	build(vec![mixnode(0), bad]);
}

#[test]
#[should_panic(expected = "genesis mixnode 1 cannot be used: an external address cannot be reached")]
fn genesis_with_an_address_that_nobody_outside_can_reach_is_refused() {
	build(vec![mixnode(0), private_mixnode(1)]);
}

#[test]
#[should_panic(expected = "genesis mixnode 0 cannot be used: the external addresses lead to too many hosts")]
fn genesis_with_a_mixnode_of_five_hosts_is_refused() {
	let mut bad = mixnode(1);
	bad.external_addresses = (0..5).map(|n| format!("/ip4/1.2.3.{n}/tcp/1").into_bytes()).collect();
	build(vec![bad]);
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
