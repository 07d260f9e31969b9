#!/usr/bin/env bash
# Mutation testing (`make mutants`): makes one small mistake after another in the code, and looks whether a test fails.
#
# cargo-mutants makes the mistakes, in a copy of the tree. .cargo/mutants.toml says which ones it leaves out, and why.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=scripts/env.sh
. "$PROJECT_ROOT/scripts/env.sh"

# The version of cargo-mutants that this script was written for. Another one may make other mutants.
CARGO_MUTANTS_VERSION=27.1.0

# The least share of the core's mutants that tests must catch, in percent.
CORE_SHARE=90

# The most memory of each process, in KiB. A mutant may allocate without end.
MEMORY=$((8 << 20))

work=$CARGO_TARGET_DIR/mutants

usage() {
	cat <<-TEXT
		usage: scripts/mutants.sh [--package NAME] [--file GLOB] [--sample N [--seed N]] [--jobs N] [--list]
		or:    make mutants ARGS="..."

		Makes one small mistake after another in the code: turns < into <=, + into -, or has a function do nothing, or
		return a constant. Each is a mutant. It is built, and the unit tests of its package run. If one of them fails, the
		mutant is caught. If all pass it is missed: a test is missing, or the mutant does what the code does. Prints those
		that are missed, how many there are of each kind, and the share that was caught.

		  --package NAME   core, pallet or service (core)
		  --file GLOB      mutants of these files alone, such as "node-core/src/replay/*.rs"; may be given several times
		  --sample N       about so many mutants, evenly from all these files
		  --seed N         which sample (0)
		  --jobs N         how many mutants are tested at a time (1), of the core only; each takes one core or more
		  --list           list the mutants, and test none
		  --help           this text

		All mutants of a package take a day or more on two cores. Take all of them on a large machine, and on a small one those
		of the files that you changed, or a sample:

		  make mutants ARGS="--jobs 32"
		  make mutants ARGS="--file 'node-core/src/replay/*.rs'"
		  make mutants ARGS="--sample 50"

		For a mutant that is missed, write a test that states what should hold there. If the mutant does what the code does,
		exclude it in .cargo/mutants.toml, and say there why.

		Nothing is written into the clone. What the compiler and the tests said of each mutant is in
		$work/mutants.out/log.

		Fails if less than $CORE_SHARE % of the core's mutants were caught. One that runs without end is caught. One that does
		not compile does not count.
	TEXT
}

package=core
sample=
seed=0
jobs=1
list=no
files=()
while [ $# -gt 0 ]; do
	case "$1" in
	--help | -h) usage && exit 0 ;;
	--list) list=yes && shift && continue ;;
	--package | --file | --sample | --seed | --jobs) [ $# -ge 2 ] || fail "$1 wants a value (--help explains)" ;;
	*) fail "unknown argument: $1 (--help explains)" ;;
	esac
	case "$1" in
	--package)
		[[ $2 =~ ^(core|pallet|service)$ ]] || fail "there is no package $2" "the packages are: core, pallet, service"
		package=$2
		;;
	--file) files+=(--file "$2") ;;
	--seed)
		[[ $2 =~ ^(0|[1-9][0-9]{0,5})$ ]] || fail "--seed wants a number, not $2"
		seed=$2
		;;
	--sample | --jobs)
		[[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || fail "$1 wants a number of 1 or more, not $2"
		[ "$1" = --sample ] && sample=$2 || jobs=$2
		;;
	esac
	shift 2
done
# Copies of the tree that are built at the same time need a build folder each, and the SDK is too large for that.
[ "$jobs" -eq 1 ] || [ "$package" = core ] || fail "--jobs is for the core only: copies of the $package share a build of the SDK"

# --- Tools -------------------------------------------------------------------------------------------------------

have cargo || fail "cargo is missing" "run: make setup"
[ "$package" = core ] || "$PROJECT_ROOT/scripts/setup.sh"

ensure_cargo_mutants() {
	local tools
	tools=$(mixnet_cache)/cargo-mutants-$CARGO_MUTANTS_VERSION
	PATH=$tools/bin:$PATH
	[ "$(cargo-mutants mutants --version 2>/dev/null)" != "cargo-mutants $CARGO_MUTANTS_VERSION" ] || return 0
	say "Installing cargo-mutants $CARGO_MUTANTS_VERSION into $tools (a minute or two)"
	# It is built in a folder of its own, which cargo removes.
	env -u CARGO_TARGET_DIR -u CARGO_BUILD_BUILD_DIR -u RUSTC_WORKSPACE_WRAPPER \
		cargo install --locked --quiet --version "$CARGO_MUTANTS_VERSION" --root "$tools" cargo-mutants ||
		fail "cargo could not install cargo-mutants $CARGO_MUTANTS_VERSION" "its output is above"
}

ensure_cargo_mutants
mkdir -p "$work"
cd "$PROJECT_ROOT"

# --- Which mutants, and how they are built -----------------------------------------------------------------------

# run_tests CRATE [SLOW]...: how cargo runs the unit tests that it has built: those of this crate alone, of which those whose
# names contain a SLOW come last. The first test that fails ends it, which takes an option of the nightly compiler's tests. They
# take it from a stable compiler if RUSTC_BOOTSTRAP is set, and nothing else sees that.
run_tests() {
	local host crate=$1
	shift
	host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
	{
		echo '#!/bin/sh'
		echo "case \"\$1\" in */$crate-*) ;; *) exit 0 ;; esac"
		echo 'export RUSTC_BOOTSTRAP=1 RUST_BACKTRACE=0'
		[ $# -eq 0 ] || printf '"$@" -Zunstable-options --fail-fast %s|| exit\n' "$(printf -- '--skip %s ' "$@")"
		echo "exec \"\$@\" -Zunstable-options --fail-fast $*"
	} >"$work/run-tests.sh"
	chmod +x "$work/run-tests.sh"
	export "CARGO_TARGET_${host}_RUNNER=$work/run-tests.sh"
}

arguments=(--dir "$PROJECT_ROOT" "${files[@]}")
case "$package" in
core)
	arguments+=(--package mixnet-node-core --profile mutants)
	# Needs none of the SDK. One copy of the tree after another uses this folder; several at a time have one each.
	unset CARGO_BUILD_BUILD_DIR
	if [ "$jobs" -eq 1 ]; then export CARGO_TARGET_DIR=$work/build; else unset CARGO_TARGET_DIR; fi
	run_tests mixnet_node_core loops::tests replay::tests mixnet::twice gateways::figures
	;;
pallet)
	# As `make pallet-test`.
	arguments+=(--package pallet-mixnet --cargo-arg=--package=mixnet-runtime --profile release --features
		pallet-mixnet/runtime-benchmarks,pallet-mixnet/try-runtime,mixnet-runtime/try-runtime)
	run_tests pallet_mixnet
	;;
service)
	# The whole workspace is built, as the SDK is.
	arguments+=(--package mixnet-service --cargo-arg=--workspace --profile release)
	run_tests mixnet_service
	;;
esac
if [ "$package" != core ]; then
	# The copy's crates must not be taken for the clone's: the path of the wrapper tells them apart (see env.sh).
	cp "$PROJECT_ROOT/scripts/rustc-wrapper.sh" "$work/rustc-wrapper.sh"
	export RUSTC_WORKSPACE_WRAPPER=$work/rustc-wrapper.sh
	# No unit test runs the runtime's blob.
	export SKIP_WASM_BUILD=1
	[ -z "${CARGO_BUILD_BUILD_DIR:-}" ] || export CARGO_TARGET_DIR=$work/results
fi

all=$(cargo mutants "${arguments[@]}" --list | wc -l)
[ "$all" -gt 0 ] || fail "there are no mutants in these files" "a glob counts from the root of the clone: node-core/src/replay/*.rs"
if [ -n "$sample" ] && [ "$sample" -lt "$all" ]; then
	# Every so-manyth mutant, in the order of the files.
	distance=$(((all + sample / 2) / sample))
	arguments+=(--sharding round-robin --shard "$((seed % distance))/$distance")
else
	sample=
fi
if [ "$list" = yes ]; then
	cargo mutants "${arguments[@]}" --list
	exit 0
fi

# --- Testing -----------------------------------------------------------------------------------------------------

say "Testing ${sample:+a sample of }the $all mutants of the $package"
# What failed first says as much as the shortest input that fails.
export PROPTEST_MAX_SHRINK_ITERS=0
outcome=0
(ulimit -v "$MEMORY" && exec cargo mutants "${arguments[@]}" --output "$work" --jobs "$jobs" --shuffle) || outcome=$?
case $outcome in
# All were caught; some were missed; some ran without end.
0 | 2 | 3) ;;
4) fail "tests fail without any mutant" "the log is $work/mutants.out/log/baseline.log" ;;
*) fail "cargo-mutants failed" "its messages are above" ;;
esac

# --- Results -----------------------------------------------------------------------------------------------------

# count KIND: how many mutants of this kind there are.
count() { wc -l <"$work/mutants.out/$1.txt"; }

endless=$(count timeout)
caught=$(($(count caught) + endless))
missed=$(count missed)
say "Done"
printf '%-8s caught %s (of which %s ran without end), missed %s, did not compile %s\n' "$package:" "$caught" "$endless" \
	"$missed" "$(count unviable)"
[ $((caught + missed)) -gt 0 ] || fail "none of these mutants compiles" "take more: --sample, --file"
# The interval is Wilson's.
awk -v caught="$caught" -v n="$((caught + missed))" -v of="${sample:+$all}" 'BEGIN {
	p = caught / n; z = 1.96; middle = (p + z * z / (2 * n)) / (1 + z * z / n)
	half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
	printf "%.1f %% of those that compile were caught", 100 * p
	if (of) printf "; of all %d, %.1f to %.1f %% (with 95 %% confidence)", of, 100 * (middle - half), 100 * (middle + half)
	print ""
}'
[ "$package" != core ] || [ $((100 * caught)) -ge $((CORE_SHARE * (caught + missed))) ] ||
	fail "less than $CORE_SHARE % were caught" "the missed ones are above, and in $work/mutants.out/missed.txt"
