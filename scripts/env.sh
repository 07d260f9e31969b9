# shellcheck shell=bash
# The environment in which we build; source it: `. scripts/env.sh`. The Makefile does so before each step.
#
# - CARGO_TARGET_DIR: one target folder for every clone and every CI run, since the SDK takes long to build. Set it
#   yourself to have another.
# - WASM_BUILD_TOOLCHAIN: the toolchain that builds the runtime's wasm, where it is not the default one
#   (see wasm-toolchain.sh).

# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$(mixnet_cache)/target}"

if [ -z "${WASM_BUILD_TOOLCHAIN:-}" ] && [ -x "$(mixnet_cache)/wasm-toolchain/bin/rustc" ] && ! has_wasm_target rustc
then
	export WASM_BUILD_TOOLCHAIN="$WASM_TOOLCHAIN_NAME"
fi

# Cargo does not tell clones apart: it names the artifacts of our own crates by their place in the workspace, and takes
# them for up to date when the sources are older. Another clone's would be used in place of this one's, so they go; the
# SDK's stay.
own_artifacts() {
	local root marker packages
	root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
	marker=$CARGO_TARGET_DIR/last-clone
	[ "$(cat "$marker" 2>/dev/null)" != "$root" ] || return 0
	if [ -d "$CARGO_TARGET_DIR/release" ]; then
		say "Removing what another clone built of the project's own crates"
		packages=$(sed -n 's/^name = "\(.*\)"$/--package \1/p' "$root"/*/Cargo.toml "$root"/pallets/*/Cargo.toml \
			"$root"/node-core/x25519-batch/Cargo.toml | grep -v mixnet-simulation)
		# shellcheck disable=SC2086 # an option and its value each
		(cd "$root" && cargo clean --quiet --locked --release $packages) || return
		(cd "$root/simulation" && cargo clean --quiet --locked --release --package mixnet-simulation --package mixnet-fuzz) ||
			return
	fi
	mkdir -p "$CARGO_TARGET_DIR"
	printf '%s\n' "$root" >"$marker"
}
own_artifacts
