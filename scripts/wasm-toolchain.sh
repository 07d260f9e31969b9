#!/usr/bin/env bash
# Composes a toolchain that can build for wasm32v1-none. It is for machines on which rustup cannot fetch that target, and
# scripts/setup.sh calls it only there. It starts from a compiler that has the standard library's sources but not the
# target, such as a distribution's.
#
# Usage: scripts/wasm-toolchain.sh RUSTC CARGO
#
# The compiler's own folders (mostly /usr) stay as they are. We build a folder of our own that looks like a toolchain:
#
#     <cache>/wasm-toolchain/
#       bin/rustc                        runs RUSTC with this folder as its sysroot
#       bin/cargo                     -> CARGO
#       lib/rustlib/<host>/lib        -> what RUSTC came with, for build scripts and procedural macros
#       lib/rustlib/<host>/bin/rust-lld  runs the linker of rustup's toolchain: distributions ship none
#       lib/rustlib/wasm32v1-none/lib/   core, alloc and compiler_builtins, built here
#       origin                           the version that it was made from, to notice when that changes
#
# Then we link it to rustup under a name, because the SDK's wasm builder chooses toolchains through `rustup run`.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -eq 2 ] || fail "usage: scripts/wasm-toolchain.sh RUSTC CARGO"
rustc=$1
cargo=$2

# RUSTC must not be rustup's proxy, which answers for the default toolchain.
sysroot=$("$rustc" --print sysroot)
host=$("$rustc" -vV | sed -n 's/^host: //p')
sources=$sysroot/lib/rustlib/src/rust/library
default_sysroot=$(rustc --print sysroot)
linker=$(find -L "$default_sysroot/lib/rustlib" -path '*/bin/rust-lld' -type f -print -quit 2>/dev/null)
[ -e "$sources/core/Cargo.toml" ] || fail "$rustc has no standard library sources in $sources"
[ -n "$linker" ] || fail "no rust-lld under $default_sysroot: the default toolchain must be one of rustup's"

toolchain=$(mixnet_cache)/wasm-toolchain
mkdir -p "$(mixnet_cache)"
# We build it beside its place and move it there when it is complete, so that an interruption leaves nothing that looks
# complete.
scratch=$(mktemp -d "$(mixnet_cache)/wasm-toolchain.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

say "Building core and alloc for wasm32v1-none with $("$rustc" --version)"
mkdir -p "$scratch/crate/src"
cat >"$scratch/crate/Cargo.toml" <<-'TOML'
	[package]
	name = "empty"
	edition = "2021"

	[profile.release]
	codegen-units = 1

	[workspace]
TOML
echo '#![no_std]' >"$scratch/crate/src/lib.rs"
# Link-time optimisation of the runtime reads the bitcode in the libraries.
# `-Z build-std` is a nightly feature, which RUSTC_BOOTSTRAP enables on a stable compiler.
if ! (
	cd "$scratch/crate"
	unset CARGO_ENCODED_RUSTFLAGS RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER CARGO_BUILD_TARGET RUSTUP_TOOLCHAIN
	RUSTC_BOOTSTRAP=1 RUSTC=$rustc RUSTFLAGS="-C embed-bitcode=yes" CARGO_TARGET_DIR=$scratch/build \
		"$cargo" build --release -Z build-std=core,alloc --target wasm32v1-none
) >"$scratch/log" 2>&1; then
	cat "$scratch/log" >&2
	fail "core and alloc could not be built for wasm32v1-none (the compiler's messages are above)"
fi

new=$scratch/toolchain
mkdir -p "$new/bin" "$new/lib/rustlib/$host/bin" "$new/lib/rustlib/wasm32v1-none/lib"
for library in core alloc compiler_builtins; do
	cp "$scratch"/build/wasm32v1-none/release/deps/lib"$library"-*.rlib "$new/lib/rustlib/wasm32v1-none/lib/"
done
ln -s "$sysroot/lib/rustlib/$host/lib" "$new/lib/rustlib/$host/lib"
ln -s "$cargo" "$new/bin/cargo"
printf '#!/bin/sh\nexec "%s" --sysroot "%s" "$@"\n' "$rustc" "$toolchain" >"$new/bin/rustc"
# A copy would not find the shared libraries that lie beside the original.
printf '#!/bin/sh\nexec "%s" "$@"\n' "$linker" >"$new/lib/rustlib/$host/bin/rust-lld"
chmod +x "$new/bin/rustc" "$new/lib/rustlib/$host/bin/rust-lld"
"$rustc" --version >"$new/origin"

rm -rf "$toolchain"
mv "$new" "$toolchain"
rustup toolchain link "$WASM_TOOLCHAIN_NAME" "$toolchain"
note "linked as the rustup toolchain \"$WASM_TOOLCHAIN_NAME\" ($toolchain)"
