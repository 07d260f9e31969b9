//! What we ask of a node by JSON-RPC. Everything that knows a method's name or the shape of its answer is here.

use anyhow::Context;
use codec::{Decode, DecodeAll, Encode};
use jsonrpsee::{
	core::client::{ClientT, Error as ClientError},
	rpc_params,
	ws_client::{WsClient, WsClientBuilder},
};
use mixnet_primitives::{
	list_reader::{ListReader, Progress},
	Mixnode, MixnodesError, RegisteredMixnode, SessionIndex, SessionParameters, SessionStatus,
};
use mixnet_runtime::{AccountId, Balance, BlockNumber, Hash, Header, Nonce, Runtime};
use mixnet_service::{rpc::RetryAfter, status::Status};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// The longest that a node may take for an answer. Long, since all nodes may share few cores.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest that a request through the mixnet may take. Longer than all its attempts: it is the node that gives up.
const MIXNET_TIMEOUT: Duration = Duration::from_secs(3600);

/// A connection to a node. Cheap to clone.
#[derive(Clone)]
pub struct Rpc(Arc<Clients>);

struct Clients {
	url: String,
	quick: WsClient,
	patient: WsClient,
}

impl Rpc {
	/// Connects to the node whose RPC has this port on the loopback interface.
	pub async fn connect(port: u16) -> anyhow::Result<Self> {
		let url = format!("ws://127.0.0.1:{port}");
		let builder = WsClientBuilder::default().max_concurrent_requests(4096);
		let quick = builder.clone().request_timeout(ANSWER_TIMEOUT).build(&url).await?;
		let patient = builder.request_timeout(MIXNET_TIMEOUT).build(&url).await?;
		Ok(Self(Arc::new(Clients { url, quick, patient })))
	}

	/// The address of the RPC.
	pub fn url(&self) -> &str {
		&self.0.url
	}

	/// Has the node not closed the connection yet? A frozen one does not.
	pub fn is_connected(&self) -> bool {
		self.0.quick.is_connected()
	}

	async fn ask<T: DeserializeOwned>(
		&self,
		method: &str,
		params: impl jsonrpsee::core::traits::ToRpcParams + Send,
	) -> anyhow::Result<T> {
		let answer = self.0.quick.request(method, params).await;
		answer.with_context(|| format!("{method} at {}", self.url()))
	}

	/// Calls a method of the runtime API. `arguments` is a tuple.
	async fn call_runtime<T: Decode>(&self, method: &str, arguments: &impl Encode, at: Hash) -> anyhow::Result<T> {
		let arguments = format!("0x{}", hex::encode(arguments.encode()));
		let answer: String = self.ask("state_call", rpc_params![method, arguments, at]).await?;
		decode(&answer).with_context(|| method.to_owned())
	}

	async fn storage<T: Decode>(&self, key: &[u8], at: Hash) -> anyhow::Result<Option<T>> {
		let key = format!("0x{}", hex::encode(key));
		let value: Option<String> = self.ask("state_getStorage", rpc_params![&key, at]).await?;
		value.map(|value| decode(&value).with_context(|| format!("the storage at {key}"))).transpose()
	}

	/// The node's peer ID, base58.
	pub async fn peer_id(&self) -> anyhow::Result<String> {
		self.ask("system_localPeerId", rpc_params![]).await
	}

	/// Height of the best block.
	pub async fn best(&self) -> anyhow::Result<BlockNumber> {
		Ok(self.ask::<Header>("chain_getHeader", rpc_params![]).await?.number)
	}

	/// Hash and height of the last finalised block.
	pub async fn finalised(&self) -> anyhow::Result<(Hash, BlockNumber)> {
		let hash = self.ask("chain_getFinalizedHead", rpc_params![]).await?;
		Ok((hash, self.ask::<Header>("chain_getHeader", rpc_params![hash]).await?.number))
	}

	/// Hash of the best chain's block of this height, which must be there.
	pub async fn block_hash(&self, number: BlockNumber) -> anyhow::Result<Hash> {
		self.ask("chain_getBlockHash", rpc_params![number]).await
	}

	/// The extrinsics of a block, encoded.
	pub async fn extrinsics(&self, block: Hash) -> anyhow::Result<Vec<Vec<u8>>> {
		let block: Value = self.ask("chain_getBlock", rpc_params![block]).await?;
		let extrinsics =
			block.pointer("/block/extrinsics").and_then(Value::as_array).context("a block without extrinsics")?;
		extrinsics
			.iter()
			.map(|extrinsic| from_hex(extrinsic.as_str().context("an extrinsic that is no text")?))
			.collect()
	}

	/// The mixnet session and its phase, as of this block.
	pub async fn session_status(&self, at: Hash) -> anyhow::Result<SessionStatus> {
		self.call_runtime("MixnetApi_session_status", &(), at).await
	}

	/// The mixnodes of the current or the previous session, as of this block. They are read by page, as nodes read them.
	pub async fn mixnodes(
		&self,
		session: SessionIndex,
		at: Hash,
	) -> anyhow::Result<Result<Vec<Mixnode>, MixnodesError>> {
		let mut reader = ListReader::default();
		loop {
			let (start, count) = reader.next_page();
			let page = self.call_runtime("MixnetApi_mixnodes_page", &(session, start, count), at).await?;
			match reader.take(page).with_context(|| format!("the mixnodes of session {session}"))? {
				Progress::Unfinished(rest) => reader = rest,
				Progress::Finished(list) => return Ok(list),
			}
		}
	}

	/// What is registered for the next session, in the order of ranks, as of this block.
	pub async fn next_registrations(&self, at: Hash) -> anyhow::Result<Vec<RegisteredMixnode>> {
		// All of them: more than a devnet's nodes.
		self.call_runtime("MixnetApi_next_registrations", &(0u32, 1_000u32), at).await
	}

	/// The mixnet parameters of the current session and the next one, as of this block.
	pub async fn parameters(&self, at: Hash) -> anyhow::Result<SessionParameters> {
		self.call_runtime("MixnetApi_parameters", &(), at).await
	}

	/// Submits an extrinsic to the node's transaction pool, without the mixnet.
	pub async fn submit(&self, extrinsic: &[u8]) -> anyhow::Result<()> {
		let extrinsic = format!("0x{}", hex::encode(extrinsic));
		let _hash: Value = self.ask("author_submitExtrinsic", rpc_params![&extrinsic]).await?;
		Ok(())
	}

	/// The free balance of an account, as of this block.
	pub async fn balance(&self, account: &AccountId, at: Hash) -> anyhow::Result<Balance> {
		type Account = <Runtime as frame_system::Config>::AccountData;
		let key = frame_system::Account::<Runtime>::hashed_key_for(account);
		let info: Option<frame_system::AccountInfo<Nonce, Account>> = self.storage(&key, at).await?;
		Ok(info.map_or(0, |info| info.data.free))
	}

	/// The state of the node's mixnet service.
	pub async fn mixnet_status(&self) -> anyhow::Result<Status> {
		self.ask("mixnet_status", rpc_params![]).await
	}

	/// Submits an extrinsic through the mixnet. Returns when the answer has come back, or when the node gives up. While the
	/// node's queue is full, waits as long as the node says.
	pub async fn submit_through_mixnet(&self, extrinsic: &[u8]) -> anyhow::Result<()> {
		let extrinsic = format!("0x{}", hex::encode(extrinsic));
		loop {
			let submitted = self.0.patient.request("mixnet_submitExtrinsic", rpc_params![&extrinsic]).await;
			match submitted.as_ref().err().and_then(retry_after) {
				Some(time) => tokio::time::sleep(time).await,
				None => return Ok(submitted?),
			}
		}
	}
}

/// How long to wait before trying again, if the error says so.
fn retry_after(error: &ClientError) -> Option<Duration> {
	let ClientError::Call(error) = error else { return None };
	let RetryAfter { retry_after_ms } = serde_json::from_str(error.data()?.get()).ok()?;
	Some(Duration::from_millis(retry_after_ms.max(100)))
}

fn from_hex(text: &str) -> anyhow::Result<Vec<u8>> {
	hex::decode(text.strip_prefix("0x").unwrap_or(text)).with_context(|| format!("not hexadecimal: {text}"))
}

fn decode<T: Decode>(text: &str) -> anyhow::Result<T> {
	T::decode_all(&mut &from_hex(text)?[..]).context("an answer that does not decode")
}
