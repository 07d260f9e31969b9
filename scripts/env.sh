# shellcheck shell=bash
# The environment in which we build. Source it: `. scripts/env.sh`. The Makefile does so before each step.
#
# - CARGO_TARGET_DIR: the folder of the results, `target` in the clone. If you set it, everything is in your folder.
# - CARGO_BUILD_BUILD_DIR: the folder of the compiler's intermediate files. All clones and CI runs share one, because the
#   SDK takes long to build.
# - RUSTC_WORKSPACE_WRAPPER: keeps the clones apart there.
# - OPENSSL_NO_VENDOR: uses the system's OpenSSL, if it is installed.
# - WASM_BUILD_TOOLCHAIN: the toolchain that builds the runtime's wasm, if it is not the default one
#   (see wasm-toolchain.sh).

# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if [ -z "${CARGO_TARGET_DIR:-}" ]; then
	export CARGO_TARGET_DIR=$PROJECT_ROOT/target
	export CARGO_BUILD_BUILD_DIR="${CARGO_BUILD_BUILD_DIR:-$(mixnet_cache)/build}"
fi

# Cargo does not tell clones apart. It names the artifacts of a workspace's crates by their place in the workspace, and
# takes them as up to date if the sources are older. So a clone would get what another clone has built. But for the crates
# of the workspace, cargo makes the path of this wrapper a part of the names. So these are built for each clone, and the SDK
# once for all. Two clones that build at the same time wait for each other, command by command; cargo says so.
export RUSTC_WORKSPACE_WRAPPER=$PROJECT_ROOT/scripts/rustc-wrapper.sh

# litep2p's WebRTC would build OpenSSL from source, which takes minutes. The system has it.
if has_openssl; then
	export OPENSSL_NO_VENDOR="${OPENSSL_NO_VENDOR:-1}"
fi

if [ -z "${WASM_BUILD_TOOLCHAIN:-}" ] && [ -x "$(mixnet_cache)/wasm-toolchain/bin/rustc" ] && ! has_wasm_target rustc
then
	export WASM_BUILD_TOOLCHAIN="$WASM_TOOLCHAIN_NAME"
fi
