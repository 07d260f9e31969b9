//! The node's own RPC methods, besides those of every Substrate node.

use crate::components::{Client, Pool};
use jsonrpsee::RpcModule;
use mixnet_runtime::{opaque::Block, AccountId, Nonce};
use mixnet_service::{
	requests::{follow::InOwnChain, validate::AtBestBlock},
	rpc::{MixnetRpc, MixnetRpcServer},
};
use std::sync::Arc;
use substrate_frame_rpc_system::{System, SystemApiServer};

/// The node's own RPC methods: `system_*` for accounts, `mixnet_*`.
///
/// Without a mixnet service, `mixnet` is `None` and the `mixnet_*` methods say so.
pub fn create(
	client: Arc<Client>,
	pool: Arc<Pool>,
	mixnet: Option<mixnet_service::Handle>,
) -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>> {
	let mut module = RpcModule::new(());
	module.merge(SystemApiServer::<_, AccountId, Nonce>::into_rpc(System::<_, _, Block>::new(
		client.clone(),
		pool.clone(),
	)))?;
	// guide: mixnet rpc
	// `mixnet` is an `Option<mixnet_service::Handle>`. The chain says which extrinsics it takes, and what becomes of them.
	let takes = AtBestBlock::<Block, _>::new(client.clone());
	let follow = InOwnChain::<Block, _, _>::new(client, pool);
	module.merge(MixnetRpc::new(mixnet, takes, follow).into_rpc())?;
	// guide: end
	Ok(module)
}
