//! What the node answers by RPC, besides what every Substrate node does.

use jsonrpsee::RpcModule;
use mixnet_runtime::{AccountId, Block, Nonce};
use mixnet_service::rpc::{MixnetRpc, MixnetRpcServer};
use sc_transaction_pool_api::TransactionPool;
use sp_api::ProvideRuntimeApi;
use sp_block_builder::BlockBuilder;
use sp_blockchain::{Error as BlockChainError, HeaderBackend, HeaderMetadata};
use std::sync::Arc;
use substrate_frame_rpc_system::{AccountNonceApi, System, SystemApiServer};

/// The node's own RPC methods: `system_*` for accounts, `mixnet_*`.
///
/// Without a mixnet service, `mixnet` is `None` and the `mixnet_*` methods say so.
pub fn create<C, P>(
	client: Arc<C>,
	pool: Arc<P>,
	mixnet: Option<mixnet_service::Handle>,
) -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>>
where
	C: ProvideRuntimeApi<Block>
		+ HeaderBackend<Block>
		+ HeaderMetadata<Block, Error = BlockChainError>
		+ Send
		+ Sync
		+ 'static,
	C::Api: AccountNonceApi<Block, AccountId, Nonce> + BlockBuilder<Block>,
	P: TransactionPool + 'static,
{
	let mut module = RpcModule::new(());
	module.merge(System::new(client, pool).into_rpc())?;
	module.merge(MixnetRpc::<Block>::new(mixnet).into_rpc())?;
	Ok(module)
}
