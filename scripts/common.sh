# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source this
# What the other scripts share: words to the user, and where things are kept. Sourced, never run.

# The oldest compiler that the pinned SDK release builds with (the highest `rust-version` among its dependencies).
MINIMUM_RUST=1.90

# The name under which rustup knows the toolchain that scripts/wasm-toolchain.sh composes.
WASM_TOOLCHAIN_NAME=mixnet-wasm

# Everything that we keep outside the clone lies in one folder, which may be deleted at any time.
mixnet_cache() {
	printf '%s/mixnet-chain' "${XDG_CACHE_HOME:-${HOME:?HOME is not set: set it, or XDG_CACHE_HOME}/.cache}"
}

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }

# fail MESSAGE [ADVICE]...: says what is wrong, then what to do, and stops.
fail() {
	printf 'error: %s\n' "$1" >&2
	shift
	[ $# -eq 0 ] || printf '       %s\n' "$@" >&2
	exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# version_at_least VERSION MINIMUM: compares major.minor.
version_at_least() {
	local major minor minimum_major minimum_minor
	IFS=. read -r major minor _ <<<"$1"
	IFS=. read -r minimum_major minimum_minor _ <<<"$2"
	((major > minimum_major || (major == minimum_major && minor >= minimum_minor)))
}

# rust_version RUSTC: its version number alone, such as 1.95.0.
rust_version() { "$1" --version 2>/dev/null | cut -d ' ' -f 2 | cut -d - -f 1; }

# has_wasm_target RUSTC: may the SDK's wasm builder use it? It looks for the same folder.
has_wasm_target() {
	local sysroot
	sysroot=$("$1" --print sysroot 2>/dev/null) && [ -d "$sysroot/lib/rustlib/wasm32v1-none/lib" ]
}
