//! The chain spec that a network starts from: the node's preset `local`, with validators and accounts of our own.

use super::{
	accounts::{Operator, Validator},
	transfers::{self, ENDOWMENT},
};
use anyhow::{ensure, Context};
use serde_json::{json, Value};
use std::path::Path;
use tokio::process::Command;

/// Asks the program `node` for its chain spec `local`. Adds `validators`, `transfers` accounts with something to send,
/// and an operator with something to bond. Returns JSON.
pub async fn chain_spec(node: &Path, validators: &[Validator], transfers: u16) -> anyhow::Result<Value> {
	let mut spec: Value = serde_json::from_slice(&export(node).await?)
		.with_context(|| format!("{} export-chain-spec did not print JSON", node.display()))?;
	let genesis = spec
		.pointer_mut("/genesis/runtimeGenesis/patch")
		.context("the preset `local` is not the patch of a genesis; this is a bug")?;

	let keys: Vec<_> = validators.iter().map(Validator::genesis_entry).collect();
	genesis["session"] = json!({ "keys": keys });

	genesis
		.pointer_mut("/balances/balances")
		.and_then(Value::as_array_mut)
		.context("the preset `local` endows no accounts; this is a bug")?
		.extend(
			(0..transfers)
				.map(|index| json!([transfers::sender_account(index), ENDOWMENT]))
				.chain([json!([Operator::account(), Operator::ENDOWMENT])]),
		);
	Ok(spec)
}

async fn export(node: &Path) -> anyhow::Result<Vec<u8>> {
	let mut command = Command::new(node);
	command.args(["export-chain-spec", "--chain", "local"]).kill_on_drop(true);
	let output = command.output().await.with_context(|| format!("{} cannot be started", node.display()))?;
	ensure!(
		output.status.success(),
		"{} export-chain-spec failed ({}):\n{}",
		node.display(),
		output.status,
		String::from_utf8_lossy(&output.stderr),
	);
	Ok(output.stdout)
}
