//! Random operations against a model of a few lines.

use crate::{mock::*, RegistrationFor};
use mixnet_primitives::{Mixnode, MixnodesError};
use std::collections::BTreeSet;

/// What the pallet should do, as simply as it can be said: a list of mixnodes for every session.
struct Model {
	current: usize,
	rotations: u32,
	queued: BTreeSet<u64>,
	lists: Vec<Vec<(u64, Mixnode)>>,
}

impl Model {
	fn new() -> Self {
		Self { current: 0, rotations: 0, queued: (0..VALIDATORS).collect(), lists: vec![Vec::new(); 2] }
	}

	fn rotate(&mut self, next_validators: Option<Vec<u64>>) {
		if let Some(validators) = next_validators {
			self.queued = validators.into_iter().collect();
		}
		self.rotations += 1;
		if self.rotations == SessionsPerMixnetSession::get() {
			self.rotations = 0;
			self.current += 1;
			self.lists.push(Vec::new());
		}
	}

	fn takes(&self, session_index: u32, registrant: u64, signer: u64, mixnode: &Mixnode) -> bool {
		let list = &self.lists[self.current + 1];
		session_index as usize == self.current + 1
			&& list.len() < MaxMixnodes::get() as usize
			&& self.queued.contains(&registrant)
			&& signer == registrant
			&& !list.iter().any(|(other_registrant, other)| {
				*other_registrant == registrant
					|| other.kx_public == mixnode.kx_public
					|| other.peer_id == mixnode.peer_id
			})
	}

	fn mixnodes(&self, session: Option<usize>) -> Result<Vec<Mixnode>, MixnodesError> {
		let list = session.map(|session| self.lists[session].clone()).unwrap_or_default();
		if list.len() < MinMixnodes::get() as usize {
			return Err(MixnodesError::InsufficientRegistrations { num: list.len() as u32, min: MinMixnodes::get() });
		}
		Ok(list.into_iter().map(|(_, mixnode)| mixnode).collect())
	}

	fn check(&self) {
		assert_eq!(Mixnet::session_status().current_index as usize, self.current);
		assert_eq!(Mixnet::current_mixnodes(), self.mixnodes(Some(self.current)));
		assert_eq!(Mixnet::prev_mixnodes(), self.mixnodes(self.current.checked_sub(1)));
	}
}

fn run(seed: u64, operations: u32, sessions_per_session: u32) {
	SessionsPerMixnetSession::set(sessions_per_session);
	MaxMixnodes::set(6);
	let mut rng = Rng(seed);
	ext().execute_with(|| {
		next_block();
		let mut model = Model::new();
		let (mut taken, mut refused) = (0, 0);
		for _ in 0..operations {
			match rng.below(10) {
				0..=1 => {
					// Sometimes with other validators, and shorter or longer sessions.
					let next = (rng.below(2) == 0).then(|| {
						let validators: BTreeSet<_> = (0..1 + rng.below(12)).map(|_| rng.below(CANDIDATES)).collect();
						validators.into_iter().collect::<Vec<_>>()
					});
					NextValidators::set(next.clone());
					Period::set(1 + rng.below(12));
					run_to_rotation();
					model.rotate(next);
				},
				_ => {
					let registrant = match rng.below(8) {
						0 => rng.below(CANDIDATES),
						_ => *model.queued.iter().nth(rng.below(model.queued.len() as u64) as usize).expect("below"),
					};
					let signer = if rng.below(8) == 0 { rng.below(CANDIDATES) } else { registrant };
					let mut mixnode = mixnode(rng.below(50));
					if rng.below(4) == 0 {
						mixnode.peer_id = crate::mock::mixnode(rng.below(50)).peer_id;
					}
					let session_index = match rng.below(10) {
						0 => rng.below(model.current as u64 + 4) as u32,
						_ => model.current as u32 + 1,
					};
					let registration = RegistrationFor::<Runtime> {
						session_index,
						registrant: authority(registrant),
						mixnode: bounded(mixnode.clone()),
					};
					let signature = sign(signer, &registration);
					let expected = model.takes(session_index, registrant, signer, &mixnode);
					assert_eq!(apply_registration(registration, signature).is_ok(), expected);
					if expected {
						taken += 1;
						model.lists[session_index as usize].push((registrant, mixnode));
					} else {
						refused += 1;
					}
				},
			}
			check_invariants();
			model.check();
		}
		assert!(taken > operations / 10 && refused > operations / 10, "{taken} taken, {refused} refused");
	});
}

#[test]
fn random_operations_agree_with_the_model() {
	for seed in 0..8 {
		run(seed, 250, 1);
	}
}

#[test]
fn random_operations_agree_with_the_model_in_longer_sessions() {
	for seed in 8..12 {
		run(seed, 250, 3);
	}
}
