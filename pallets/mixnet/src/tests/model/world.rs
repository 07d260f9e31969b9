//! The pallet and its model, side by side.

use super::{
	election::Election,
	operators::{Operator, Operators},
	sessions::Sessions,
	steps::{Faults, Step, OPERATORS},
	Tally,
};
use crate::{
	mock::*, Call, Candidacies, Candidate, CurrentSession, ElectionPolicy, Error, Event, HoldReason, KxPublics,
	LastRotation, Mixnodes, NextElection, ParameterName, PeerIds, Rank, RegistrantClass, RegistrantWeights,
	RemovalReason, Roster, Session as SessionRecord, WeightInfo,
};
use frame_support::traits::{
	fungible::{Inspect, InspectHold},
	Hooks, UnfilteredDispatchable,
};
use frame_system::RawOrigin;
use mixnet_primitives::{
	parameters::MIN_MIN_MIXNODES, KxPublic, Mixnode, Parameter, Parameters, PeerId, Registration, RegistrationAdvice,
	RegistrationError, RegistrationProofs,
};
use sp_core::Pair;
use sp_runtime::{DispatchError, TokenError};

pub struct World {
	sessions: Sessions,
	election: Election,
	operators: Operators,
	issued: u64,
	pub tally: Tally,
}

impl World {
	/// At genesis.
	pub fn new() -> Self {
		let (sessions, election) = Sessions::new();
		let issued = Balances::total_issuance();
		let mut world = Self { sessions, election, operators: Operators::new(), issued, tally: Tally::new() };
		// The hash of block 0, which is to be signed, is known from the next one on.
		world.take(Step::Blocks(1));
		world
	}

	fn met(&mut self, outcome: impl Into<String>) {
		*self.tally.entry(outcome.into()).or_default() += 1;
	}

	/// Does something, and compares what comes of it.
	pub fn take(&mut self, step: Step) {
		match step {
			Step::Blocks(count) => {
				for _ in 0..count {
					next_block();
					let events = self.sessions.next_block(&mut self.election);
					self.compare(events);
				}
				return;
			},
			Step::Validators(ref validators) => NextValidators::set(Some(validators.clone())),
			Step::Period(period) => Period::set(period),
			Step::RandomnessAge(age) => RandomnessAge::set(age),
			Step::OperatorsEnabled(enabled) => OperatorsEnabled::set(enabled),
			Step::MinBond(amount) => MinBond::set(amount),
			Step::Policy(policy) => Policy::set(policy),
			Step::Weigh { account, weight } => {
				ValidatorWeights::mutate(|weights| {
					weights.insert(account, weight);
				});
			},
			_ => {},
		}
		System::reset_events();
		let events = match step {
			Step::Register { key, kx, peer, faults } => self.register(key, kx, peer, faults),
			Step::Disable { validator } => self.disable(validator),
			Step::Idle { keys } => {
				let weight = <() as WeightInfo>::prune(keys);
				let taken = Mixnet::on_idle(System::block_number(), weight);
				assert!(taken.all_lte(weight));
				self.sessions.prune(keys);
				Vec::new()
			},
			step => self.call(step),
		};
		self.compare(events);
	}

	/// All that is over can be pruned, and nothing else is.
	pub fn end(&mut self) {
		while !self.sessions.all_pruned() {
			self.take(Step::Idle { keys: 100 });
		}
	}
}

/// Registrations.
impl World {
	/// What it takes to register, but for a mixnode: the rank that a new candidate would have.
	fn rank(&self, key: u64) -> Result<Rank, RegistrationError> {
		let (class, weight, seed) = match self.sessions.queued.get(&key) {
			Some(since) => {
				let weight = ValidatorWeights::get().get(&key).copied().unwrap_or(1);
				let has_committed = *since <= self.election.committed_by_rotation;
				(RegistrantClass::Validator, weight, self.election.seed.filter(|_| has_committed))
			},
			None => {
				let bond = self.operators.weighing(key, self.election.committed_before)?;
				(RegistrantClass::Operator, TestWeights::operator(bond), self.election.seed)
			},
		};
		let session_index = self.election.session;
		Ok(Policy::rank(&Candidate { registrant: registrant(key), session_index, class, weight, seed }))
	}

	/// Why a registrant may not register once more, if so.
	fn check_attempts(&self, key: u64) -> Result<(), RegistrationError> {
		if self.election.barred.contains(&key) {
			return Err(RegistrationError::Barred);
		}
		// The first is no replacement.
		if u32::from(self.due(key)) > MaxReplacements::get() {
			return Err(RegistrationError::TooManyRevisions);
		}
		Ok(())
	}

	/// The number of a registrant's next registration.
	fn due(&self, key: u64) -> u8 {
		self.election.registrations.get(&key).copied().unwrap_or_default()
	}

	/// In the order in which the call's documentation has them.
	fn check(&self, key: u64, mixnode: &Mixnode, faults: &Faults) -> Result<Rank, RegistrationError> {
		use RegistrationError::*;
		let fault = |is_there: bool, error| if is_there { Err(error) } else { Ok(()) };
		fault(faults.session < 0, StaleSession)?;
		fault(faults.session > 0, FutureSession)?;
		let rank = self.rank(key)?;
		self.check_attempts(key)?;
		fault(faults.revision != 0, WrongRevision)?;
		fault(faults.too_many_addresses, TooManyAddresses)?;
		fault(faults.address_too_long, AddressTooLong)?;
		fault(faults.bad_address, BadAddress)?;
		fault(faults.bad_kx_public, BadKxPublic)?;
		fault(faults.bad_peer_id, BadPeerId)?;
		let is_taken = |holder: Option<u64>| holder.is_some_and(|holder| holder != key);
		fault(is_taken(self.election.find(|other| other.kx_public == mixnode.kx_public)), KxPublicTaken)?;
		fault(is_taken(self.election.find(|other| other.peer_id == mixnode.peer_id)), PeerIdTaken)?;
		fault(self.election.listed(key).is_none() && !self.election.has_room_for(rank), RankTooLow)?;
		fault(faults.registrant_proof, BadRegistrantProof)?;
		fault(faults.possession_proof, BadPossessionProof)?;
		fault(faults.peer_proof, BadPeerProof)?;
		Ok(rank)
	}

	fn register(&mut self, key: u64, kx: u64, peer: u64, faults: Faults) -> Vec<Event<Runtime>> {
		let mixnode = faulty_mixnode(kx, peer, &faults);
		let registration = Registration {
			session_index: self.election.session.wrapping_add_signed(faults.session),
			registrant: registrant(key),
			revision: self.due(key).wrapping_add_signed(faults.revision as i8),
			mixnode: mixnode.clone(),
		};
		let prove_by =
			|is_faulty: bool, n: u64| prove(n + u64::from(is_faulty), n + u64::from(is_faulty), &registration);
		let proofs = RegistrationProofs {
			registrant: prove_by(faults.registrant_proof, key).registrant,
			possession: prove_by(faults.possession_proof, kx).possession,
			peer: prove_by(faults.peer_proof, peer).peer,
		};
		let validity = validate(registration.clone(), proofs.clone());
		let expected = self.check(key, &mixnode, &faults);
		match expected {
			Ok(rank) => {
				assert!(validity.is_ok(), "{validity:?}");
				assert_eq!(apply_registration(registration, proofs), Ok(Ok(())));
				if self.election.listed(key).is_some() {
					return self.election.replace(key, mixnode);
				}
				let events = self.election.add(key, rank, mixnode);
				if !self.sessions.queued.contains_key(&key)
					&& self.election.elected.iter().any(|other| other.key == key)
				{
					self.met("an operator was elected");
				}
				events
			},
			Err(error) => {
				self.met(format!("{error:?}"));
				let refused = Err(crate::registration::invalid(error).into());
				assert_eq!(validity.map(|_| ()), refused);
				assert_eq!(apply_registration(registration.clone(), proofs.clone()).map(|_| ()), refused);
				// The call itself relies on the authorisation for the proofs, and on nothing else.
				let is_by_proof = matches!(
					error,
					RegistrationError::BadRegistrantProof
						| RegistrationError::BadPossessionProof
						| RegistrationError::BadPeerProof
				);
				if !is_by_proof {
					let result = dispatch(Call::register { registration, proofs }, RawOrigin::Authorized.into());
					assert_eq!(result, Err(Error::<Runtime>::from(error).into()));
				}
				Vec::new()
			},
		}
	}
}

/// A mixnode with the key of one number and the peer ID of another, unless it is to be refused.
fn faulty_mixnode(kx: u64, peer: u64, faults: &Faults) -> Mixnode {
	let mut made = Mixnode { kx_public: mixnode(kx).kx_public, ..mixnode(peer) };
	let addresses = &mut made.external_addresses;
	if faults.bad_address {
		addresses.push(b"/ip4/nowhere".to_vec());
	}
	if faults.address_too_long {
		addresses.push(vec![b'/'; MAX_ADDRESS_SIZE as usize + 1]);
	}
	if faults.too_many_addresses {
		addresses.resize(MAX_ADDRESSES as usize + 1, addresses[0].clone());
	}
	if faults.bad_kx_public {
		made.kx_public = KxPublic([0; 32]);
	}
	if faults.bad_peer_id {
		made.peer_id = PeerId([0xff; 32]);
	}
	made
}

/// The other calls.
impl World {
	fn call(&mut self, step: Step) -> Vec<Event<Runtime>> {
		let (name, call, origin) = match &step {
			Step::Bond { account, amount } => ("bond", Call::bond { amount: *amount }, RuntimeOrigin::signed(*account)),
			Step::BondExtra { account, amount } => {
				("bond_extra", Call::bond_extra { amount: *amount }, RuntimeOrigin::signed(*account))
			},
			Step::SetOperatorKey { account, key, proof_for } => {
				let signature: sp_core::sr25519::Signature =
					authority_pair(*key).sign(&Mixnet::operator_key_payload(proof_for)).into();
				let call = Call::set_operator_key { key: registrant(*key), proof: signature.0 };
				("set_operator_key", call, RuntimeOrigin::signed(*account))
			},
			Step::Unbond { account } => ("unbond", Call::unbond {}, RuntimeOrigin::signed(*account)),
			Step::Withdraw { account } => ("withdraw", Call::withdraw {}, RuntimeOrigin::signed(*account)),
			Step::Slash { by_admin, account, amount } => {
				("slash", Call::slash { account: *account, amount: *amount }, admin(*by_admin))
			},
			Step::SetParameters { by_admin, min_mixnodes } => {
				let parameters = Parameters { min_mixnodes: *min_mixnodes, ..parameters() };
				("set_parameters", Call::set_parameters { parameters }, admin(*by_admin))
			},
			Step::ForceRemove { by_admin, key } => {
				("force_remove", Call::force_remove { registrant: registrant(*key) }, admin(*by_admin))
			},
			Step::Prune { keys } => ("prune", Call::prune { keys: *keys }, RuntimeOrigin::signed(1)),
			_ => return Vec::new(),
		};
		let expected = self.expect(step);
		assert_eq!(dispatch(call, origin), expected.as_ref().map(|_| ()).map_err(|error| *error), "{name}");
		match expected {
			Ok(events) => events,
			Err(error) => {
				let error = match error {
					DispatchError::Module(error) => error.message.unwrap_or_default().to_string(),
					DispatchError::Token(error) => format!("{error:?}"),
					error => format!("{error:?}"),
				};
				self.met(format!("{name}: {error}"));
				Vec::new()
			},
		}
	}

	/// Does to the model what a call does to the pallet: which events there are, or what is wrong.
	fn expect(&mut self, step: Step) -> Result<Vec<Event<Runtime>>, DispatchError> {
		let now = self.sessions.now;
		let is_enabled = OperatorsEnabled::get();
		match step {
			Step::Bond { account, amount } => {
				ensure(is_enabled, Error::OperatorsDisabled)?;
				ensure(!self.operators.by_account.contains_key(&account), Error::AlreadyBonded)?;
				ensure(amount >= MinBond::get(), Error::BondTooSmall)?;
				self.hold(account, amount)?;
				let operator = Operator { parts: vec![(amount, now)], key: None, releasable_in: None };
				self.operators.by_account.insert(account, operator);
				Ok(vec![Event::Bonded { account, amount, bond: amount }])
			},
			Step::BondExtra { account, amount } => {
				ensure(is_enabled, Error::OperatorsDisabled)?;
				ensure(amount > 0, Error::BondTooSmall)?;
				self.in_office(account)?;
				self.hold(account, amount)?;
				let operator = self.in_office(account)?;
				operator.parts.push((amount, now));
				Ok(vec![Event::Bonded { account, amount, bond: operator.bond() }])
			},
			Step::SetOperatorKey { account, key, proof_for } => {
				ensure(is_enabled, Error::OperatorsDisabled)?;
				self.in_office(account)?;
				let is_taken = self.operators.find(key).is_some() || self.sessions.queued.contains_key(&key);
				ensure(!is_taken, Error::OperatorKeyTaken)?;
				ensure(proof_for == account, Error::BadOperatorKeyProof)?;
				let former = self.in_office(account)?.key.replace((key, now));
				let mut events = former
					.map_or_else(Vec::new, |(former, _)| self.election.remove(former, RemovalReason::KeyReplaced));
				events.push(Event::OperatorKeySet { account, key: registrant(key) });
				Ok(events)
			},
			Step::Unbond { account } => {
				let releasable_in = self.sessions.index + UnbondingSessions::get();
				let operator = self.in_office(account)?;
				operator.releasable_in = Some(releasable_in);
				let mut events = self.remove_mixnode_of(account);
				events.push(Event::Unbonding { account, releasable_in });
				Ok(events)
			},
			Step::Withdraw { account } => {
				let operator = self.operators.by_account.get(&account).ok_or(Error::<Runtime>::NotBonded)?;
				let releasable_in = operator.releasable_in.ok_or(Error::<Runtime>::NotUnbonding)?;
				ensure(self.sessions.index >= releasable_in, Error::StillUnbonding)?;
				let amount = operator.bond();
				self.operators.by_account.remove(&account);
				*self.operators.free.entry(account).or_default() += amount;
				Ok(vec![Event::Withdrawn { account, amount }])
			},
			Step::Slash { by_admin, account, amount } => {
				ensure_admin(by_admin)?;
				let operator = self.operators.by_account.get_mut(&account).ok_or(Error::<Runtime>::NotBonded)?;
				let amount = operator.slash(amount);
				let bond = operator.bond();
				self.operators.slashed += amount;
				let mut events = if bond < MinBond::get() { self.remove_mixnode_of(account) } else { Vec::new() };
				events.push(Event::Slashed { account, amount, bond });
				Ok(events)
			},
			Step::SetParameters { by_admin, min_mixnodes } => {
				ensure_admin(by_admin)?;
				let is_allowed = (MIN_MIN_MIXNODES..=MaxMixnodes::get()).contains(&min_mixnodes);
				ensure(is_allowed, Error::BadParameters(ParameterName(Parameter::MinMixnodes)))?;
				let parameters = Parameters { min_mixnodes, ..parameters() };
				self.sessions.parameters.next = parameters;
				Ok(vec![Event::ParametersSet { session_index: self.election.session, parameters }])
			},
			Step::ForceRemove { by_admin, key } => {
				ensure_admin(by_admin)?;
				Ok(self.election.bar(key, RemovalReason::Forced))
			},
			Step::Prune { keys } => {
				let removed = self.sessions.prune(keys).ok_or(Error::<Runtime>::NothingToPrune)?;
				Ok(vec![Event::Pruned { keys: removed }])
			},
			_ => Ok(Vec::new()),
		}
	}

	fn in_office(&mut self, account: u64) -> Result<&mut Operator, DispatchError> {
		let operator = self.operators.by_account.get_mut(&account).ok_or(Error::<Runtime>::NotBonded)?;
		ensure(operator.releasable_in.is_none(), Error::AlreadyUnbonding)?;
		Ok(operator)
	}

	fn hold(&mut self, account: u64, amount: u64) -> Result<(), DispatchError> {
		if self.operators.hold(account, amount) {
			Ok(())
		} else {
			Err(TokenError::FundsUnavailable.into())
		}
	}

	fn remove_mixnode_of(&mut self, account: u64) -> Vec<Event<Runtime>> {
		let key = self.operators.by_account.get(&account).and_then(|operator| operator.key);
		key.map_or_else(Vec::new, |(key, _)| self.election.remove(key, RemovalReason::BondTooSmall))
	}

	fn disable(&mut self, validator: u32) -> Vec<Event<Runtime>> {
		let disabled = Session::validators().get(validator as usize).copied();
		let is_new = !Session::disabled_validators().contains(&validator);
		assert_eq!(Session::disable_index(validator), disabled.is_some());
		match disabled {
			Some(account) if is_new => self.election.bar(account, RemovalReason::Disabled),
			_ => Vec::new(),
		}
	}
}

fn admin(by_admin: bool) -> RuntimeOrigin {
	if by_admin {
		RuntimeOrigin::root()
	} else {
		RuntimeOrigin::signed(OPERATORS[0])
	}
}

fn ensure_admin(by_admin: bool) -> Result<(), DispatchError> {
	if by_admin {
		Ok(())
	} else {
		Err(DispatchError::BadOrigin)
	}
}

fn ensure(holds: bool, error: Error<Runtime>) -> Result<(), DispatchError> {
	if holds {
		Ok(())
	} else {
		Err(error.into())
	}
}

/// As in a block: what fails leaves nothing behind.
fn dispatch(call: Call<Runtime>, origin: RuntimeOrigin) -> Result<(), DispatchError> {
	let result = RuntimeCall::Mixnet(call).dispatch_bypass_filter(origin);
	result.map(|_| ()).map_err(|error| error.error)
}

/// What the pallet says, and what it should.
impl World {
	fn compare(&mut self, expected: Vec<Event<Runtime>>) {
		check_invariants();
		assert_eq!(events(), expected);
		for event in expected {
			let name = format!("{event:?}");
			self.met(name.trim_start_matches("Event::").split(' ').next().unwrap_or_default());
		}
		self.compare_sessions();
		self.compare_election();
		self.compare_operators();
	}

	fn compare_sessions(&self) {
		let sessions = &self.sessions;
		let roster =
			|list: &super::sessions::List| Roster { registered: list.mixnodes.len() as u32, required: list.required };
		let expected = SessionRecord {
			index: sessions.index,
			started_at: sessions.started_at,
			rotations: sessions.rotations_in_session,
			current: roster(&sessions.current),
			previous: roster(&sessions.previous),
		};
		assert_eq!(CurrentSession::<Runtime>::get(), expected);
		assert_eq!(LastRotation::<Runtime>::get().count, sessions.rotations);
		assert_eq!(Mixnet::parameters(), sessions.parameters);
		assert_eq!(Mixnet::current_mixnodes(), sessions.current.answer());
		assert_eq!(Mixnet::prev_mixnodes(), sessions.previous.answer());
		let page = Mixnet::mixnodes_page(sessions.index, 0, 100).expect("of the current session; qed");
		assert_eq!(page.mixnodes, sessions.current.mixnodes);

		let stored = Mixnodes::<Runtime>::iter_keys().count()
			+ Candidacies::<Runtime>::iter_keys().count()
			+ KxPublics::<Runtime>::iter_keys().count()
			+ PeerIds::<Runtime>::iter_keys().count();
		assert_eq!(stored as u32, sessions.stored() + self.election.stored());
	}

	fn compare_election(&self) {
		let election = &self.election;
		let found = NextElection::<Runtime>::get();
		let expected = crate::Election {
			seed: election.seed,
			committed_by_rotation: election.committed_by_rotation,
			committed_before: election.committed_before,
			elected: election.elected.len() as u32,
			standbys: election.standbys.len() as u32,
			ranked: election.ranked,
		};
		assert_eq!(found, expected);
		assert_eq!(Mixnet::next_registrations(0, u32::MAX), election.registrations());

		// What a registrant is told, one in each step.
		let key = self.tally.values().map(|count| u64::from(*count)).sum::<u64>() % 45;
		let status = Mixnet::registration_status(registrant(key), KxPublic([9; 32]));
		assert_eq!((status.session_index, status.revision), (election.session, self.due(key)));
		let registered = election.registrations().into_iter().find(|one| one.registrant == registrant(key));
		let missing = self.rank(key).and_then(|rank| {
			self.check_attempts(key)?;
			if registered.is_none() && !election.has_room_for(rank) {
				return Err(RegistrationError::RankTooLow);
			}
			Ok(())
		});
		match (missing, status.advice) {
			(Err(missing), advice) => assert_eq!(advice, RegistrationAdvice::Missing(missing)),
			(Ok(()), RegistrationAdvice::Register) => {},
			(Ok(()), advice) => assert!(advice == RegistrationAdvice::Wait && registered.is_none(), "{advice:?}"),
		}
		assert_eq!(status.registered, registered);
	}

	fn compare_operators(&self) {
		let operators = &self.operators;
		assert_eq!(crate::Operators::<Runtime>::iter_keys().count(), operators.by_account.len());
		for account in OPERATORS {
			let found = Mixnet::operator(account);
			let expected = operators.by_account.get(&account);
			assert_eq!(found.is_some(), expected.is_some());
			if let Some((found, expected)) = found.zip(expected) {
				assert_eq!(found.bond, expected.bond());
				let key = expected.key.map(|(key, _)| registrant(key));
				assert_eq!((found.key, found.releasable_in), (key, expected.releasable_in));
			}
			let bond = expected.map_or(0, Operator::bond);
			assert_eq!(Balances::balance_on_hold(&HoldReason::OperatorBond.into(), &account), bond);
			assert_eq!(Balances::balance(&account), operators.free[&account]);
		}
		assert_eq!(SlashedAmount::get(), operators.slashed);
		assert_eq!(Balances::total_issuance(), self.issued - operators.slashed);
	}
}
