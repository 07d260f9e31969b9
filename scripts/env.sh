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
