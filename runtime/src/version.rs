//! The runtime's version.

use crate::apis::RUNTIME_API_VERSIONS;
use alloc::borrow::Cow;
use sp_version::RuntimeVersion;

/// This runtime's version.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: Cow::Borrowed("mixnet-example"),
	impl_name: Cow::Borrowed("mixnet-example"),
	authoring_version: 1,
	spec_version: 4,
	impl_version: 1,
	apis: RUNTIME_API_VERSIONS,
	transaction_version: 3,
	system_version: 1,
};
