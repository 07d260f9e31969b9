//! What the pallet reports: its events, and the errors of its calls.

/// Imported into the pallet.
#[frame_support::pallet_macros::pallet_section]
mod events {
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A session began, and the mixnet runs.
		SessionStarted {
			/// Index of the session.
			session_index: SessionIndex,
			/// How many mixnodes it has.
			mixnodes: u32,
		},
		/// A session began for which too few mixnodes registered. The mixnet rests until the next one.
		SessionResting {
			/// Index of the session.
			session_index: SessionIndex,
			/// How many mixnodes registered for it.
			registered: u32,
			/// How many it needed.
			required: u32,
		},
		/// A mixnode was registered for the next session, or its registration was replaced.
		MixnodeRegistered {
			/// Index of the next session.
			session_index: SessionIndex,
			/// The account whose mixnode it is.
			account: T::AccountId,
			/// The key by which it registered.
			registrant: Registrant,
			/// The account's rank in the election: lower is better.
			rank: Rank,
			/// Is the candidate elected, or does it stand by?
			standing: Standing,
			/// The registration's revision: 0 for the first of that session.
			revision: u8,
		},
		/// A better candidate took the place of an elected one.
		MixnodeDisplaced {
			/// Index of the next session.
			session_index: SessionIndex,
			/// The account that lost the place.
			account: T::AccountId,
			/// The account that took it.
			by: T::AccountId,
			/// Does the displaced candidate stand by? If not, it is out, and may register again if a place becomes
			/// free.
			stands_by: bool,
		},
		/// A candidate is no longer even a standby. It may register again if a place becomes free.
		StandbyDropped {
			/// Index of the next session.
			session_index: SessionIndex,
			/// The account whose mixnode it was.
			account: T::AccountId,
		},
		/// A standby took the place of an elected mixnode that was removed.
		StandbyPromoted {
			/// Index of the next session.
			session_index: SessionIndex,
			/// The account that was promoted.
			account: T::AccountId,
			/// Its place in the session's list.
			place: Place,
		},
		/// A mixnode was removed from the next session.
		MixnodeRemoved {
			/// Index of the next session.
			session_index: SessionIndex,
			/// The account whose mixnode it was.
			account: T::AccountId,
			/// Why it was removed.
			reason: RemovalReason,
		},
		/// A candidate weighs less than when it registered, as after a slash, and was ranked again.
		MixnodeRankedAgain {
			/// Index of the next session.
			session_index: SessionIndex,
			/// The account whose mixnode it is.
			account: T::AccountId,
			/// Its new rank.
			rank: Rank,
			/// Is the candidate elected, or does it stand by?
			standing: Standing,
		},
		/// An account may no longer stand in the next session's election.
		AccountBarred {
			/// Index of the next session.
			session_index: SessionIndex,
			/// The account that was barred.
			account: T::AccountId,
			/// Why it was barred.
			reason: RemovalReason,
		},
		/// The parameters of the next session were set. Later sessions have the same, unless they are set again.
		ParametersSet {
			/// Index of the next session.
			session_index: SessionIndex,
			/// The new parameters.
			parameters: Parameters,
		},
		/// An operator bonded, or added to its bond.
		Bonded {
			/// The operator's account.
			account: T::AccountId,
			/// How much was added.
			amount: BalanceOf<T>,
			/// The whole bond.
			bond: BalanceOf<T>,
		},
		/// An operator set the key by which it registers.
		OperatorKeySet {
			/// The operator's account.
			account: T::AccountId,
			/// The new key.
			key: Registrant,
		},
		/// An operator asked for its bond to be released, or for a part of it.
		Unbonding {
			/// The operator's account.
			account: T::AccountId,
			/// How much will be released by it. What was asked for before comes on top.
			amount: BalanceOf<T>,
			/// What stays in the bond: nothing if the operator leaves.
			bond: BalanceOf<T>,
			/// The first session in which the amount can be withdrawn.
			releasable_in: SessionIndex,
		},
		/// An operator withdrew what was released.
		Withdrawn {
			/// The operator's account.
			account: T::AccountId,
			/// How much it got back.
			amount: BalanceOf<T>,
			/// What stays in the bond; `None` if the operator got back everything and is no operator any more.
			bond: Option<BalanceOf<T>>,
		},
		/// An operator lost some or all of what it has on hold.
		Slashed {
			/// The operator's account.
			account: T::AccountId,
			/// How much it lost.
			amount: BalanceOf<T>,
			/// What is left in the bond: nothing if the operator leaves.
			bond: BalanceOf<T>,
			/// What is left of all that is being released, or was released and not withdrawn yet.
			unbonding: BalanceOf<T>,
		},
		/// A call removed storage of sessions that are over.
		Pruned {
			/// How many keys were removed.
			keys: u32,
		},
		/// A session began, and many sessions that are over still have storage. Blocks leave too little idle weight
		/// for removing it. Leave more, or call [`prune`](Call::prune): see [`MANY_SESSIONS_TO_PRUNE`].
		PruningBehind {
			/// How many sessions are over and not pruned.
			sessions: u32,
		},
		/// An operator took back all that was being released. If it was leaving, it stays.
		Rebonded {
			/// The operator's account.
			account: T::AccountId,
			/// How much it took back.
			amount: BalanceOf<T>,
			/// The whole bond. Nothing is being released any more.
			bond: BalanceOf<T>,
		},
	}

	/// Why a call is refused.
	#[pallet::error]
	pub enum Error<T> {
		/// The registration is refused, for the reason that the field names.
		///
		/// The transaction pool reports the same reasons: `StaleSession` and `FutureSession` as
		/// `InvalidTransaction::Stale` and `Future`, the others as `Custom` with the reason's
		/// [code](RegistrationError::code).
		Registration(Refusal),
		/// Nodes could not live with the value of this parameter. The parameter's documentation has the bounds.
		BadParameters(ParameterName),
		/// With these parameters requests would be answered too late: see `MAX_ROUND_TRIP_MS`.
		RoundTripTooLong,
		/// This chain takes no operators.
		OperatorsNotEnabled,
		/// The bond would be below the least one, or nothing is added to it.
		BondTooSmall,
		/// The account is an operator already. Add to its bond with `bond_extra`.
		AlreadyBonded,
		/// The account is no operator.
		NotBonded,
		/// The operator's whole bond is being released. Take it back with `rebond`, or withdraw it when it is due and bond
		/// anew.
		AlreadyUnbonding,
		/// Nothing is being released. Call `unbond` or `unbond_part` first.
		NotUnbonding,
		/// Nothing is due yet. The events `Unbonding` have said in which session it will be.
		StillUnbonding,
		/// The key is an authority's or an operator's already.
		OperatorKeyTaken,
		/// The proof that the operator holds the key is wrong.
		BadOperatorKeyProof,
		/// The key is none that one party alone can hold: anybody could sign for it.
		BadOperatorKey,
		/// No session that is over has left anything to remove.
		NothingToPrune,
		/// The amount to release is zero.
		NothingToRelease,
		/// Less than the least bond would be left. Release less, or leave with `unbond`.
		RestTooSmall,
		/// Parts are being released in as many sessions as can be. Withdraw what is due, wait until something is, or take
		/// back all of it with `rebond`.
		TooManyUnbondingParts,
	}

	impl<T> From<RegistrationError> for Error<T> {
		fn from(error: RegistrationError) -> Self {
			Self::Registration(Refusal(error))
		}
	}

	impl<T> From<BadParameters> for Error<T> {
		fn from(bad: BadParameters) -> Self {
			match bad {
				BadParameters::OutOfRange { parameter, .. } => Self::BadParameters(ParameterName(parameter)),
				BadParameters::RoundTripTooLong { .. } => Self::RoundTripTooLong,
			}
		}
	}
}
