//! Registrations: which are accepted, and what is wrong with the others.

use super::{calls::dispatch, steps::Faults, world::World};
use crate::{mock::*, Call, Candidate, ElectionPolicy, Error, Event, Rank, RegistrantClass, RegistrantWeights};
use frame_system::RawOrigin;
use mixnet_primitives::{KxPublic, Mixnode, PeerId, Registration, RegistrationError};

impl World {
	/// The rank that the holder of a key would have as a new candidate, or why it may not register.
	pub fn rank(&self, key: u64) -> Result<Rank, RegistrationError> {
		let (account, class, weight, seed) = match self.sessions.queued.get(&key) {
			Some(authority) => {
				let has_committed = authority.since <= self.election.committed_by_rotation;
				let seed = self.election.seed.filter(|_| has_committed);
				(authority.account, RegistrantClass::Validator, authority.committed, seed)
			},
			None => {
				let bond = self.operators.weighing(key, self.election.committed_before)?;
				let (account, _) = self.operators.find(key).expect("it weighs something; qed");
				(account, RegistrantClass::Operator, TestWeights::operator(bond), self.election.seed)
			},
		};
		let session_index = self.election.session;
		Ok(Policy::rank(&Candidate { account, session_index, class, weight, seed }))
	}

	/// Checks that an account is not barred, has no mixnode by another key, and may register once more.
	pub fn check_attempts(&self, key: u64) -> Result<(), RegistrationError> {
		let Some(account) = self.account_of(key) else { return Ok(()) };
		if self.election.barred.contains(&account) {
			return Err(RegistrationError::Barred);
		}
		let class = self.class_of(key);
		if self.election.listed(account).is_some_and(|candidate| (candidate.key, candidate.class) != (key, class)) {
			return Err(RegistrationError::OtherKey);
		}
		if u32::from(self.due(key)) > MaxRevisions::get() {
			return Err(RegistrationError::TooManyRevisions);
		}
		Ok(())
	}

	/// The rank of an operator with a bond.
	pub fn operator_rank(&self, account: u64, bond: u64) -> Rank {
		Policy::rank(&Candidate {
			account,
			session_index: self.election.session,
			class: RegistrantClass::Operator,
			weight: TestWeights::operator(bond),
			seed: self.election.seed,
		})
	}

	/// The right by which the holder of a key registers.
	fn class_of(&self, key: u64) -> RegistrantClass {
		match self.sessions.queued.contains_key(&key) {
			true => RegistrantClass::Validator,
			false => RegistrantClass::Operator,
		}
	}

	/// The least revision that the next registration by a key may have.
	pub fn due(&self, key: u64) -> u8 {
		let revision = self.account_of(key).and_then(|account| self.election.next_revisions.get(&account));
		revision.copied().unwrap_or_default()
	}

	/// The revision of a registration with these faults.
	fn revision(&self, key: u64, faults: &Faults) -> u32 {
		u32::from(self.due(key).wrapping_add_signed(faults.revision as i8))
	}

	/// The checks, in the order of the call's documentation.
	fn check(&self, key: u64, mixnode: &Mixnode, faults: &Faults) -> Result<Rank, RegistrationError> {
		use RegistrationError::*;
		let fault = |is_there: bool, error| if is_there { Err(error) } else { Ok(()) };
		fault(faults.session < 0, StaleSession)?;
		fault(faults.session > 0, FutureSession)?;
		let rank = self.rank(key)?;
		self.check_attempts(key)?;
		fault(self.revision(key, faults) < u32::from(self.due(key)), WrongRevision)?;
		fault(self.revision(key, faults) > MaxRevisions::get(), TooManyRevisions)?;
		let account = self.account_of(key).expect("it has a rank; qed");
		let is_taken = |holder: Option<u64>| holder.is_some_and(|holder| holder != account);
		fault(is_taken(self.election.find(|other| other.kx_public == mixnode.kx_public)), KxPublicTaken)?;
		fault(is_taken(self.election.find(|other| other.peer_id == mixnode.peer_id)), PeerIdTaken)?;
		fault(self.election.listed(account).is_none() && !self.election.has_room_for(rank), RankTooLow)?;
		fault(faults.registrant_proof, BadRegistrantProof)?;
		fault(faults.no_address, NoAddress)?;
		fault(faults.too_many_addresses, TooManyAddresses)?;
		fault(faults.address_too_long, AddressTooLong)?;
		fault(faults.bad_address, BadAddress)?;
		fault(faults.unreachable_address, UnreachableAddress)?;
		fault(faults.too_many_hosts, TooManyHosts)?;
		fault(faults.bad_kx_public, BadKxPublic)?;
		fault(faults.bad_peer_id, BadPeerId)?;
		fault(faults.possession_proof, BadPossessionProof)?;
		fault(faults.peer_proof, BadPeerProof)?;
		Ok(rank)
	}

	pub fn register(&mut self, key: u64, kx: u64, peer: u64, faults: Faults) -> Vec<Event<Runtime>> {
		let mixnode = faulty_mixnode(kx, peer, &faults);
		let registration = Registration {
			session_index: self.election.session.wrapping_add_signed(faults.session),
			registrant: registrant(key),
			revision: self.revision(key, &faults) as u8,
			mixnode: mixnode.clone(),
		};
		// Wrong signatures are made with the next number's keys.
		let [key_of_proof, kx_of_proof, peer_of_proof] =
			[(key, faults.registrant_proof), (kx, faults.possession_proof), (peer, faults.peer_proof)]
				.map(|(n, is_faulty)| n + u64::from(is_faulty));
		let mut proofs = prove(key_of_proof, kx_of_proof, &registration);
		if peer_of_proof != kx_of_proof {
			proofs.peer = prove(key_of_proof, peer_of_proof, &registration).peer;
		}
		let validity = validate(registration.clone(), proofs.clone());
		let expected = self.check(key, &mixnode, &faults);
		match expected {
			Ok(rank) => {
				assert!(validity.is_ok(), "{validity:?}");
				let revision = registration.revision;
				assert_eq!(apply_registration(registration, proofs), Ok(Ok(())));
				let account = self.account_of(key).expect("it may register; qed");
				// Those before it are left out.
				self.election.next_revisions.insert(account, revision);
				if self.election.listed(account).is_some() {
					return self.election.replace(account, mixnode);
				}
				let class = self.class_of(key);
				let order = self.election.ranked;
				let candidate = super::election::Candidate { account, key, class, rank, order, mixnode };
				let events = self.election.add(candidate);
				if class == RegistrantClass::Operator
					&& self.election.elected.iter().any(|other| other.account == account)
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
				// The call itself does not check again what cannot have changed since the authorisation: the mixnode
				// and the proofs.
				let is_lasting = matches!(
					error,
					RegistrationError::NoAddress
						| RegistrationError::TooManyAddresses
						| RegistrationError::AddressTooLong
						| RegistrationError::BadAddress
						| RegistrationError::UnreachableAddress
						| RegistrationError::TooManyHosts
						| RegistrationError::BadKxPublic
						| RegistrationError::BadPeerId
						| RegistrationError::BadRegistrantProof
						| RegistrationError::BadPossessionProof
						| RegistrationError::BadPeerProof
				);
				if !is_lasting {
					let result = dispatch(Call::register { registration, proofs }, RawOrigin::Authorized.into());
					assert_eq!(result, Err(Error::<Runtime>::from(error).into()));
				}
				Vec::new()
			},
		}
	}
}

/// A mixnode with the key of one number and the peer ID of another, with these faults.
fn faulty_mixnode(kx: u64, peer: u64, faults: &Faults) -> Mixnode {
	let mut made = Mixnode { kx_public: mixnode(kx).kx_public, ..mixnode(peer) };
	let addresses = &mut made.external_addresses;
	if faults.bad_address {
		addresses.push(b"/ip4/nowhere".to_vec());
	}
	if faults.unreachable_address {
		addresses.push(b"/ip4/127.0.0.1/tcp/30333".to_vec());
	}
	if faults.too_many_hosts {
		// The mixnode's own is the fifth.
		addresses.extend((5..9).map(|n| format!("/ip4/1.2.3.{n}/tcp/30333").into_bytes()));
	}
	if faults.address_too_long {
		addresses.push(vec![b'/'; MAX_ADDRESS_SIZE as usize + 1]);
	}
	if faults.too_many_addresses {
		addresses.resize(MAX_ADDRESSES as usize + 1, addresses[0].clone());
	}
	if faults.no_address {
		addresses.clear();
	}
	if faults.bad_kx_public {
		made.kx_public = KxPublic([0; 32]);
	}
	if faults.bad_peer_id {
		made.peer_id = PeerId([0xff; 32]);
	}
	made
}
