//! The runtime, asked in the state after one block.
//!
//! The follower and the registrar use traits. Tests implement these with a scripted chain.

use mixnet_primitives::{
	KxPublic, Mixnode, MixnodesError, MixnodesPage, Place, Registrant, Registration, RegistrationProofs,
	RegistrationStatus, RelativeSession, SessionIndex, SessionParameters, SessionStatus, SubmitError,
};
use mixnet_runtime_api::MixnetApi;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use sp_runtime::traits::Block as BlockT;

/// The version of [`MixnetApi`] from which on chains have parameters, and give out lists by page.
const VERSION_2: u32 = 2;

/// The follower's questions.
pub trait Sessions {
	/// Does the runtime have a mixnet?
	fn has_mixnet(&self) -> Result<bool, ApiError>;

	/// The current session and its phase.
	fn status(&self) -> Result<SessionStatus, ApiError>;

	/// The sessions' parameters; `None` if the runtime is older than they are.
	fn parameters(&self) -> Result<Option<SessionParameters>, ApiError>;

	/// Does the runtime give out lists by page? An older one has them in one piece only.
	fn has_pages(&self) -> Result<bool, ApiError>;

	/// At most `count` of a session's mixnodes, from place `start` on. `None` if there is no list for the session.
	fn mixnodes_page(
		&self,
		session_index: SessionIndex,
		start: Place,
		count: u32,
	) -> Result<Option<MixnodesPage>, ApiError>;

	/// All of a session's mixnodes in one answer, or why it has none. However many they are, so ask for pages where
	/// there are any.
	fn all_mixnodes(&self, session: RelativeSession) -> Result<Result<Vec<Mixnode>, MixnodesError>, ApiError>;
}

/// The registrar's questions, and its answer.
pub trait Registrations: Sync {
	/// The registration of `registrant` for the next session, and what to do if `kx_public` is its key for that session.
	fn status(&self, registrant: Registrant, kx_public: KxPublic) -> Result<RegistrationStatus, ApiError>;

	/// Sends a registration to the transaction pool.
	fn submit(
		&self,
		registration: Registration,
		proofs: RegistrationProofs,
	) -> Result<Result<(), SubmitError>, ApiError>;

	/// At most `count` of a session's mixnodes, from place `start` on. `None` if there is no list for the session.
	fn mixnodes_page(
		&self,
		session_index: SessionIndex,
		start: Place,
		count: u32,
	) -> Result<Option<MixnodesPage>, ApiError>;
}

/// The runtime in the state after a block.
pub struct AtBlock<'a, B: BlockT, C> {
	/// Calls the runtime.
	pub client: &'a C,
	/// The block's hash.
	pub hash: B::Hash,
}

impl<B, C> AtBlock<'_, B, C>
where
	B: BlockT,
	C: ProvideRuntimeApi<B>,
	C::Api: MixnetApi<B> + ApiExt<B>,
{
	fn is_version_2(&self) -> Result<bool, ApiError> {
		let version = self.client.runtime_api().api_version::<dyn MixnetApi<B>>(self.hash)?;
		Ok(version.is_some_and(|version| version >= VERSION_2))
	}
}

impl<B, C> Sessions for AtBlock<'_, B, C>
where
	B: BlockT,
	C: ProvideRuntimeApi<B>,
	C::Api: MixnetApi<B> + ApiExt<B>,
{
	fn has_mixnet(&self) -> Result<bool, ApiError> {
		self.client.runtime_api().has_api::<dyn MixnetApi<B>>(self.hash)
	}

	fn status(&self) -> Result<SessionStatus, ApiError> {
		self.client.runtime_api().session_status(self.hash)
	}

	fn parameters(&self) -> Result<Option<SessionParameters>, ApiError> {
		if !self.is_version_2()? {
			return Ok(None);
		}
		self.client.runtime_api().parameters(self.hash).map(Some)
	}

	fn has_pages(&self) -> Result<bool, ApiError> {
		self.is_version_2()
	}

	fn mixnodes_page(
		&self,
		session_index: SessionIndex,
		start: Place,
		count: u32,
	) -> Result<Option<MixnodesPage>, ApiError> {
		self.client.runtime_api().mixnodes_page(self.hash, session_index, start, count)
	}

	fn all_mixnodes(&self, session: RelativeSession) -> Result<Result<Vec<Mixnode>, MixnodesError>, ApiError> {
		let api = self.client.runtime_api();
		match session {
			RelativeSession::Previous => api.prev_mixnodes(self.hash),
			RelativeSession::Current => api.current_mixnodes(self.hash),
		}
	}
}

/// The same, with the transaction pool that registrations go to.
pub struct WithPool<'a, B: BlockT, C> {
	/// The runtime in the state after a block.
	pub at: AtBlock<'a, B, C>,
	/// Makes the pool available to runtime calls.
	pub pool: &'a OffchainTransactionPoolFactory<B>,
}

impl<B, C> Registrations for WithPool<'_, B, C>
where
	B: BlockT,
	C: ProvideRuntimeApi<B> + Sync,
	C::Api: MixnetApi<B>,
{
	fn status(&self, registrant: Registrant, kx_public: KxPublic) -> Result<RegistrationStatus, ApiError> {
		self.at.client.runtime_api().registration_status(self.at.hash, registrant, kx_public)
	}

	fn submit(
		&self,
		registration: Registration,
		proofs: RegistrationProofs,
	) -> Result<Result<(), SubmitError>, ApiError> {
		let mut api = self.at.client.runtime_api();
		api.register_extension(self.pool.offchain_transaction_pool(self.at.hash));
		api.submit_registration(self.at.hash, registration, proofs)
	}

	fn mixnodes_page(
		&self,
		session_index: SessionIndex,
		start: Place,
		count: u32,
	) -> Result<Option<MixnodesPage>, ApiError> {
		self.at.client.runtime_api().mixnodes_page(self.at.hash, session_index, start, count)
	}
}
