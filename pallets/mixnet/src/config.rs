//! What a runtime has to decide: the pallet's `Config`.

/// Imported into the pallet.
#[frame_support::pallet_macros::pallet_section]
mod config {
	/// # Requirements
	///
	/// [`frame_system::AuthorizeCall`] must be among the runtime's transaction extensions. The runtime's integrity test
	/// checks the constants.
	#[pallet::config]
	pub trait Config: frame_system::Config + CreateAuthorizedTransaction<Call<Self>> {
		/// Governance: may set the parameters, remove mixnodes from the next session, and slash operators.
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The most authorities that pallet-session may queue; at most [`AUTHORITIES_LIMIT`]. Any more of them could not
		/// register.
		#[pallet::constant]
		type MaxAuthorities: Get<u32>;

		/// The most mixnodes that a session can have; at most
		/// [`MIXNODE_INDEX_LIMIT`](mixnet_primitives::MIXNODE_INDEX_LIMIT). If more register, the election decides.
		#[pallet::constant]
		type MaxMixnodes: Get<u32>;

		/// The most candidates that stand by, to take the places of elected ones that are removed before the session
		/// begins. May be 0.
		#[pallet::constant]
		type MaxStandbys: Get<u32>;

		/// The size of the longest external address, in bytes; at most [`ADDRESS_SIZE_LIMIT`].
		#[pallet::constant]
		type MaxExternalAddressSize: Get<u32>;

		/// The most external addresses of one mixnode; at most [`ADDRESSES_LIMIT`].
		#[pallet::constant]
		type MaxExternalAddressesPerMixnode: Get<u32>;

		/// The greatest revision of a registration: how many times a registrant may replace its registration before the
		/// session begins, as after a restart that lost its key. At most 254. Each costs the chain, or at least the
		/// transaction pools, as much as a registration, and its sender nothing.
		#[pallet::constant]
		type MaxRevisions: Get<u32>;

		/// How many of pallet-session's sessions make one of the mixnet's; at least 1.
		#[pallet::constant]
		type SessionsPerMixnetSession: Get<u32>;

		/// Length of a session's first phase, `CoverToCurrent`, in blocks.
		#[pallet::constant]
		type NumCoverToCurrentBlocks: Get<BlockNumberFor<Self>>;

		/// Length of a session's second phase, `RequestsToCurrent`, in blocks.
		#[pallet::constant]
		type NumRequestsToCurrentBlocks: Get<BlockNumberFor<Self>>;

		/// Length of a session's third phase, `CoverToPrev`, in blocks. The fourth lasts until the session ends.
		#[pallet::constant]
		type NumCoverToPrevBlocks: Get<BlockNumberFor<Self>>;

		/// For how many blocks from a session's beginning nodes do not register yet.
		#[pallet::constant]
		type NumRegisterStartSlackBlocks: Get<BlockNumberFor<Self>>;

		/// How many blocks before a session's estimated end nodes should have registered. This leaves time for a
		/// registration to be included, or to be sent again, and for the session to end early. Nodes that have not
		/// registered by then try in every block.
		#[pallet::constant]
		type NumRegisterEndSlackBlocks: Get<BlockNumberFor<Self>>;

		/// Priority of registrations in the transaction pool. The revision is added to it; so at most 2^64 - 256.
		#[pallet::constant]
		type RegistrationPriority: Get<TransactionPriority>;

		/// Estimates when pallet-session rotates next, for spreading registrations over the session.
		type NextSessionRotation: EstimateNextSessionRotation<BlockNumberFor<Self>>;

		/// The source of the elections' seeds. It is asked once per session, when the session begins. Its answer must
		/// have been published after pallet-session's rotation before. The example runtime's `VrfRandomness` does so,
		/// if the mixnet's session key stands behind BABE's. BABE's `RandomnessFromOneEpochAgo` says so too, but on
		/// chains with short epochs anybody can compute it earlier. If the answer is older, nobody draws in that
		/// election. A chain that has no such source takes [`NoRandomness`], and a policy that does not draw.
		type Randomness: Randomness<Self::Hash, BlockNumberFor<Self>>;

		/// The policy that ranks the candidates.
		type ElectionPolicy: ElectionPolicy<Self::AccountId>;

		/// What the candidates weigh: [`EqualWeights`], [`BondWeights`], or the runtime's own.
		type Weights: RegistrantWeights<Self::AccountId, BalanceOf<Self>>;

		/// Says which validators are disabled: pallet-session does. They may not stand in elections. `()` is for chains
		/// that disable nobody; with pallet-session it would let those stand again that are still disabled.
		type DisabledValidators: DisabledValidators;

		/// The currency of bonds.
		type Currency: BalancedHold<Self::AccountId> + MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// The runtime's reasons for holds.
		type RuntimeHoldReason: From<HoldReason>;

		/// May operators bond and register? If not, those who have bonded can still unbond and withdraw.
		#[pallet::constant]
		type OperatorsEnabled: Get<bool>;

		/// The least bond of an operator.
		#[pallet::constant]
		type MinBond: Get<BalanceOf<Self>>;

		/// How many mixnet sessions pass from [`unbond`](Call::unbond) or [`unbond_part`](Call::unbond_part) to
		/// [`withdraw`](Call::withdraw); at least 2. An operator may mix in the session in which it unbonds, and there must
		/// be time to find out how it did.
		#[pallet::constant]
		type UnbondingSessions: Get<u32>;

		/// Receives what is slashed. `()` burns it.
		type Slashed: OnUnbalanced<CreditOf<Self>>;

		/// Weights of calls and hooks, and the constants with which they were measured. Larger constants are refused.
		type WeightInfo: WeightInfo + MeasuredUpTo;
	}
}
