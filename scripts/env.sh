# shellcheck shell=bash
# The environment in which we build; source it: `. scripts/env.sh`. The Makefile does so before each step.
#
# - CARGO_TARGET_DIR: what was built, `target` in the clone. Set it yourself to have everything in one folder of your own.
# - CARGO_BUILD_BUILD_DIR: what the compiler leaves on the way there. One folder for every clone and every CI run, since
#   the SDK takes long to build.
# - RUSTC_WORKSPACE_WRAPPER: keeps the clones apart there.
# - OPENSSL_NO_VENDOR: the system's OpenSSL, where it is installed.
# - WASM_BUILD_TOOLCHAIN: the toolchain that builds the runtime's wasm, where it is not the default one
#   (see wasm-toolchain.sh).

# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if [ -z "${CARGO_TARGET_DIR:-}" ]; then
	export CARGO_TARGET_DIR=$PROJECT_ROOT/target
	export CARGO_BUILD_BUILD_DIR="${CARGO_BUILD_BUILD_DIR:-$(mixnet_cache)/build}"
fi

# Cargo does not tell clones apart: it names the artifacts of a workspace's crates by their place in the workspace, and
# takes them for up to date when the sources are older. So one clone would get what another has built. But cargo puts the
# path of this wrapper into the names, for the crates of the workspace alone: theirs are built for each clone, the SDK's
# once for all. Two clones that build at the same time wait for each other, command by command; cargo says so.
export RUSTC_WORKSPACE_WRAPPER=$PROJECT_ROOT/scripts/rustc-wrapper.sh

# litep2p's WebRTC asks for OpenSSL, built from source. That takes minutes, and the system has it.
if has_openssl; then
	export OPENSSL_NO_VENDOR="${OPENSSL_NO_VENDOR:-1}"
fi

if [ -z "${WASM_BUILD_TOOLCHAIN:-}" ] && [ -x "$(mixnet_cache)/wasm-toolchain/bin/rustc" ] && ! has_wasm_target rustc
then
	export WASM_BUILD_TOOLCHAIN="$WASM_TOOLCHAIN_NAME"
fi
