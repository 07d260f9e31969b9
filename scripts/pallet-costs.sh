#!/usr/bin/env bash
# Measures the pallet: its weights (`make weights`), or its costs beside the Substrate Mix Network's (`make scale`).
#
# The benchmarks are in a runtime's wasm, and frame-omni-bencher runs them. It contains a client of the whole SDK, in other
# versions and with other features than the node's, so it can use hardly anything of the node's build. So it is built by
# itself, once, and kept outside the clone. CI never needs it.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The version that belongs to the SDK release that the workspace pins (with the same sp-runtime and sc-cli).
OMNI_BENCHER_VERSION=0.28.0

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

usage() {
	cat <<-TEXT
		usage: scripts/pallet-costs.sh weights|scale [--steps N] [--repeat N]
		or:    make weights|scale ARGS="..."

		  weights   measures what the pallet's calls cost in the example chain's runtime, and writes
		            pallets/mixnet/src/weights.rs
		  scale     measures our pallet and the Substrate Mix Network's at the same work, with 10 to 10,000 mixnodes,
		            and writes the tables of docs/scale.md

		  --steps N     how many values of each component are measured (50); for weights only
		  --repeat N    how many times each value is measured (20)
		  --help        this text

		Measure on a machine that does nothing else at the time.
	TEXT
}

# is_number TEXT: is it a number from 2 to 9999?
is_number() { [[ $1 =~ ^[1-9][0-9]{0,3}$ && $1 != 1 ]]; }

what=
steps=50
repeat=20
while [ $# -gt 0 ]; do
	case "$1" in
	weights | scale) what=$1 ;;
	--steps | --repeat)
		[ $# -ge 2 ] && is_number "$2" || fail "$1 wants a number from 2 to 9999 (--help explains)"
		[ "$1" = --steps ] && steps=$2 || repeat=$2
		shift
		;;
	--help | -h) usage && exit 0 ;;
	*) fail "unknown argument: $1 (--help explains)" ;;
	esac
	shift
done
[ -n "$what" ] || fail "say what to measure: weights or scale (--help explains)"

ensure_omni_bencher() {
	local tools
	tools=$(mixnet_cache)/frame-omni-bencher-$OMNI_BENCHER_VERSION
	PATH=$tools/bin:$PATH
	[ "$(frame-omni-bencher --version 2>/dev/null)" != "frame-omni-bencher $OMNI_BENCHER_VERSION" ] || return 0
	say "Installing frame-omni-bencher $OMNI_BENCHER_VERSION into $tools (once; about half an hour on two cores)"
	# The build folder is kept until the build is done, so that an interrupted build can go on. RocksDB is built but never
	# runs, because benchmarks have their state in memory.
	env -u CARGO_BUILD_BUILD_DIR CARGO_TARGET_DIR="$tools/build" cargo install --locked --quiet --version "=$OMNI_BENCHER_VERSION" --root "$tools" \
		--config 'profile.release.package.librocksdb-sys.opt-level=0' frame-omni-bencher ||
		fail "cargo could not install frame-omni-bencher $OMNI_BENCHER_VERSION" "its messages are above"
	rm -rf "$tools/build"
}

# build_blob FEATURE CRATE: builds a runtime with its benchmarks, and puts the blob into the work folder.
build_blob() {
	local blobs=(--locked --release --manifest-path "$root/benchmarking/Cargo.toml" --package mixnet-benchmark-blobs)
	say "Building the runtime that is measured"
	# All clones share the folder of blobs, so what another clone left there must go.
	cargo clean --quiet "${blobs[@]}"
	cargo build "${blobs[@]}" --features "$1"
	cp "$work/release/wbuild/$2/${2//-/_}.compact.compressed.wasm" "$work/$1.wasm"
}

# measure RUNTIME PALLET ARGUMENT...: runs all benchmarks of a pallet. It runs in the work folder, so that the command in
# the results names no folder of this machine.
measure() {
	local runtime=$1 pallet=$2
	shift 2
	say "Measuring $pallet"
	(
		cd "$work"
		RUST_LOG=${RUST_LOG:-warn,frame::benchmark::pallet=info,runtime=off} frame-omni-bencher v1 benchmark pallet \
			--runtime="$runtime" --genesis-builder=none --pallet="$pallet" --extrinsic="*" --repeat="$repeat" --quiet "$@"
	)
}

measure_weights() {
	build_blob runtime mixnet-runtime
	cp "$root/benchmarking/weights.hbs" "$work/"
	# Proof sizes are those measured, since the benchmarks make everything as large as it can be. The other estimate would
	# count only the largest of the maps that are read.
	measure runtime.wasm pallet_mixnet --steps="$steps" --default-pov-mode=measured --template=weights.hbs \
		--output=weights.rs
	rustfmt --edition 2021 --config-path "$root/rustfmt.toml" "$work/weights.rs"
	mv "$work/weights.rs" "$root/pallets/mixnet/src/weights.rs"
	say "Written: pallets/mixnet/src/weights.rs"
}

measure_scale() {
	build_blob scale mixnet-scale-runtime
	# Four steps are the four powers of ten. Without a least duration, short benchmarks are repeated as often as long ones.
	measure scale.wasm scale --steps=4 --min-duration=0 --json-file=scale.json
	python3 "$root/benchmarking/scale_tables.py" "$work/scale.json" "$root/docs/scale.md"
	say "Written: docs/scale.md"
}

"$root/scripts/setup.sh" --benchmarks
# shellcheck source=scripts/env.sh
. "$root/scripts/env.sh"
work=$(build_folder)/benchmarks
mkdir -p "$work"
ensure_omni_bencher
export CARGO_TARGET_DIR=$work CARGO_BUILD_BUILD_DIR=$work
"measure_$what"
