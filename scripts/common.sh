# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source this
# What the other scripts share: words to the user, and where things are kept. Sourced, never run.

# The oldest compiler that builds this. The pinned SDK release asks for 1.90 (the highest `rust-version` among its
# dependencies), CARGO_BUILD_BUILD_DIR for 1.91.
MINIMUM_RUST=1.91

# The compiler whose warnings are errors in `make test`. Newer ones warn of more; that must stop nobody.
LINTING_RUST=1.95

# The name under which rustup knows the toolchain that scripts/wasm-toolchain.sh composes.
WASM_TOOLCHAIN_NAME=mixnet-wasm

# Everything that we keep outside the clone lies in one folder, which may be deleted at any time.
mixnet_cache() {
	printf '%s/mixnet-chain' "${XDG_CACHE_HOME:-${HOME:?HOME is not set: set it, or XDG_CACHE_HOME}/.cache}"
}

# The repository's root.
PROJECT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# build_folder: where the compiler's artifacts lie, in the environment of env.sh.
build_folder() { printf '%s' "${CARGO_BUILD_BUILD_DIR:-$CARGO_TARGET_DIR}"; }

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

# is_linting_rust: are this compiler's warnings to be errors? Says so where not.
is_linting_rust() {
	local version
	version=$(rust_version rustc)
	[[ $version == "$LINTING_RUST".* ]] && return
	note "warnings of Rust $version are no errors: the project's lints are those of $LINTING_RUST"
	return 1
}

# lint ARGUMENT...: runs clippy. It takes the place of the wrapper that keeps clones apart (env.sh). But cargo remembers
# what was linted with which arguments, so one that is the clone's own does the same.
lint() {
	local deny=()
	! is_linting_rust || deny=(-D warnings)
	cargo clippy --release --locked "$@" -- "${deny[@]}" --cfg "clone_$(cksum <<<"$PROJECT_ROOT" | cut -d ' ' -f 1)"
}

# document: builds the documentation of the workspace that we are in.
document() {
	local deny=
	! is_linting_rust || deny="-D warnings"
	RUSTDOCFLAGS=$deny cargo doc --release --locked --workspace --no-deps
}

# has_openssl: is a system's OpenSSL there to build with, new enough for the crate openssl?
has_openssl() { have pkg-config && pkg-config --exists 'openssl >= 1.1.1'; }

# has_wasm_target RUSTC: may the SDK's wasm builder use it? It looks for the same folder.
has_wasm_target() {
	local sysroot
	sysroot=$("$1" --print sysroot 2>/dev/null) && [ -d "$sysroot/lib/rustlib/wasm32v1-none/lib" ]
}
