# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source this
# What the other scripts share: messages to the user, and where files are kept. It is sourced, and never run.

# The oldest compiler that builds this. The pinned SDK release asks for 1.90 (the highest `rust-version` among its
# dependencies), CARGO_BUILD_BUILD_DIR for 1.91.
MINIMUM_RUST=1.91

# The compiler whose warnings are errors in `make test`. Newer compilers have more warnings, which must not stop anybody.
LINTING_RUST=1.95

# The name under which rustup knows the toolchain that scripts/wasm-toolchain.sh composes.
WASM_TOOLCHAIN_NAME=mixnet-wasm

# All files that we keep outside the clone are in one folder, which may be deleted at any time.
mixnet_cache() {
	printf '%s/mixnet-chain' "${XDG_CACHE_HOME:-${HOME:?HOME is not set: set it, or XDG_CACHE_HOME}/.cache}"
}

# The repository's root.
PROJECT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# build_folder: prints the folder of the compiler's artifacts, in the environment of env.sh.
build_folder() { printf '%s' "${CARGO_BUILD_BUILD_DIR:-$CARGO_TARGET_DIR}"; }

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }

# fail MESSAGE [ADVICE]...: says what is wrong and what to do, and stops.
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

# rust_version RUSTC: prints its version number alone, such as 1.95.0.
rust_version() { "$1" --version 2>/dev/null | cut -d ' ' -f 2 | cut -d - -f 1; }

# is_linting_rust: are this compiler's warnings errors? If not, says so.
is_linting_rust() {
	local version
	version=$(rust_version rustc)
	[[ $version == "$LINTING_RUST".* ]] && return
	note "warnings of Rust $version are not errors: the project's lints are those of $LINTING_RUST"
	return 1
}

# lint ARGUMENT...: runs clippy. Clippy replaces the wrapper that keeps clones apart (env.sh). But cargo remembers with which
# arguments it linted, so an argument that differs between clones keeps them apart instead.
lint() {
	local deny=()
	! is_linting_rust || deny=(-D warnings)
	cargo clippy --release --locked "$@" -- "${deny[@]}" --cfg "clone_$(cksum <<<"$PROJECT_ROOT" | cut -d ' ' -f 1)"
}

# document: builds the documentation of the workspace in the current folder.
document() {
	local deny=
	! is_linting_rust || deny="-D warnings"
	RUSTDOCFLAGS=$deny cargo doc --release --locked --workspace --no-deps
}

# has_openssl: does the system have an OpenSSL to build with, new enough for the crate openssl?
has_openssl() { have pkg-config && pkg-config --exists 'openssl >= 1.1.1'; }

# has_wasm_target RUSTC: can the SDK's wasm builder use this compiler? The builder looks for the same folder.
has_wasm_target() {
	local sysroot
	sysroot=$("$1" --print sysroot 2>/dev/null) && [ -d "$sysroot/lib/rustlib/wasm32v1-none/lib" ]
}
