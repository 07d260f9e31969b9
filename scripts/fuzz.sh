#!/usr/bin/env bash
# Fuzzes node-core with libFuzzer: runs the targets of simulation/fuzz, each for a given time. Also runs the pallet and its
# model with proptest.
#
# A stable compiler suffices, since no sanitizer is used: our crates have no unsafe code, so it would find little. Nothing
# is written into the clone. Builds, inputs found and inputs that made a target fail are kept under the target folder.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The test that compares the pallet with its model, and how many sequences of steps it runs with one seed.
PALLET_MODEL=tests::model::the_pallet_does_what_lists_would
PALLET_CASES=100

# The version of cargo-fuzz that this script was written for.
CARGO_FUZZ_VERSION=0.13.1

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
crate=$root/simulation/fuzz
work=${CARGO_TARGET_DIR:-$(mixnet_cache)/target}/fuzz

usage() {
	cat <<-TEXT
		usage: scripts/fuzz.sh [--target NAME] [--seconds N] [--jobs N]
		       scripts/fuzz.sh --target NAME --input FILE
		or:    make fuzz ARGS="..."

		Runs node-core on ever new inputs, changed so that they reach code that no input reached before. A target stops
		at the first input that fails. What must hold is written in simulation/fuzz/src, one file for each target:

		$(core_targets | sed 's/^/  /')

		Another target, "pallet", runs random sequences of calls and rotations through the pallet and a model of it
		(pallets/mixnet/src/tests/model), with another seed each time.

		  --target NAME   this one only; may be given several times
		  --seconds N     how long each target runs (60)
		  --jobs N        how many targets run at a time (1); each takes one core
		  --input FILE    run this one input, such as one that made a target fail
		  --help          this text

		Start with a minute for each; a thorough look at one takes an hour or more:

		  make fuzz
		  make fuzz ARGS="--seconds 3600 --target state_machine"

		The inputs found are kept, and the next run goes on from them, so later runs look deeper. They are in
		$work.
		To forget them, delete that folder. simulation/fuzz/src/seeds.rs makes the seeds in simulation/fuzz/corpus.
		\`make test\` runs them too, and some thousands of changed copies.

		Fails if any target failed.
	TEXT
}

# The names of all targets: those of the fuzz crate, and the pallet's.
targets() { core_targets && echo pallet; }
core_targets() { sed -n 's|^path = "fuzz_targets/\(.*\)\.rs"$|\1|p' "$crate/Cargo.toml"; }

# is_number TEXT: is it a number of 1 or more?
is_number() { [[ $1 =~ ^[1-9][0-9]{0,6}$ ]]; }

seconds=60
jobs=1
input=
chosen=()
while [ $# -gt 0 ]; do
	case "$1" in
	--help | -h) usage && exit 0 ;;
	--target | --seconds | --jobs | --input) [ $# -ge 2 ] || fail "$1 wants a value (--help explains)" ;;
	*) fail "unknown argument: $1 (--help explains)" ;;
	esac
	case "$1" in
	--target)
		targets | grep -xF -- "$2" >/dev/null || fail "there is no target $2" "the targets are: $(targets | tr '\n' ' ')"
		chosen+=("$2")
		;;
	--seconds)
		is_number "$2" || fail "--seconds wants a number of 1 or more, not $2"
		seconds=$2
		;;
	--jobs)
		is_number "$2" || fail "--jobs wants a number of 1 or more, not $2"
		jobs=$2
		;;
	--input)
		[ -f "$2" ] || fail "there is no file $2"
		input=$(realpath "$2")
		;;
	esac
	shift 2
done
[ -z "$input" ] || [ ${#chosen[@]} -eq 1 ] || fail "--input goes with one --target: the one that the input is for"
[ -z "$input" ] || [ "${chosen[0]}" != pallet ] || fail "the pallet's target takes no file" "when it fails, it says how to repeat the failure"
[ ${#chosen[@]} -gt 0 ] || mapfile -t chosen < <(targets)

((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)) || fail "bash $BASH_VERSION is too old; 5.1 or newer is needed"

# --- Building ----------------------------------------------------------------------------------------------------

have cargo || fail "cargo is missing" "run: make setup"
core=()
for target in "${chosen[@]}"; do [ "$target" = pallet ] || core+=("$target"); done

# The model of the pallet, built as `make pallet-test` builds it.
pallet_model() {
	(
		cd "$root"
		SKIP_WASM_BUILD=1 cargo test --release --locked -p pallet-mixnet -p mixnet-runtime \
			--features pallet-mixnet/runtime-benchmarks,pallet-mixnet/try-runtime,mixnet-runtime/try-runtime --lib "$@"
	)
}

ensure_cargo_fuzz() {
	local tools
	tools=$(mixnet_cache)/cargo-fuzz-$CARGO_FUZZ_VERSION
	PATH=$tools/bin:$PATH
	[ "$(cargo-fuzz --version 2>/dev/null)" != "cargo-fuzz $CARGO_FUZZ_VERSION" ] || return 0
	say "Installing cargo-fuzz $CARGO_FUZZ_VERSION into $tools (a minute or two)"
	# It is built in a folder of its own, which cargo removes.
	env -u CARGO_TARGET_DIR cargo install --locked --quiet --version "$CARGO_FUZZ_VERSION" --root "$tools" cargo-fuzz ||
		fail "cargo could not install cargo-fuzz $CARGO_FUZZ_VERSION" "its output is above"
}

# Cargo does not tell clones apart (see env.sh), so each clone has its own build folder.
build=$work/build-$(cksum <<<"$root" | cut -d ' ' -f 1)
binaries=$build/$(rustc -vV | sed -n 's/^host: //p')/release

build_core() {
	have c++ || fail "a C++ compiler is missing: libFuzzer is written in C++" "run: make setup"
	ensure_cargo_fuzz
	# cargo-fuzz has no --locked.
	cargo metadata --locked --quiet --format-version 1 --manifest-path "$crate/Cargo.toml" >/dev/null ||
		fail "simulation/Cargo.lock is out of date" \
			"run: cargo update --workspace --manifest-path simulation/Cargo.toml"
	local only=()
	[ ${#core[@]} -ne 1 ] || only=("${core[0]}")
	# All is optimised (-O). The folder's .cargo/config.toml switches assertions on for our crates.
	(cd "$crate" && cargo fuzz build -O --fuzz-dir "$crate" --target-dir "$build" --sanitizer none --features libfuzzer \
		"${only[@]}") ||
		fail "the targets do not build" "the compiler's output is above"
}

say "Building the targets"
[ ${#core[@]} -eq 0 ] || build_core
if [ ${#core[@]} -lt ${#chosen[@]} ]; then
	# shellcheck source=scripts/env.sh
	. "$root/scripts/env.sh"
	pallet_model --no-run || fail "the pallet's tests do not build" "the compiler's output is above"
fi

if [ -n "$input" ]; then
	say "Running one input: $input"
	"$binaries/${chosen[0]}" "$input" || fail "${chosen[0]} fails on this input" "its output is above"
	say "${chosen[0]} passes on this input"
	exit 0
fi

# --- Fuzzing -----------------------------------------------------------------------------------------------------

# The longest input that a target can use, in bytes: a packet, some fragments, a hundred steps.
longest() {
	case "$1" in
	fragments) echo 8192 ;;
	surbs | state_machine) echo 1024 ;;
	*) echo 4096 ;;
	esac
}

# Runs the pallet and its model, with another seed each time, until the time is over.
fuzz_pallet() {
	local until=$(($(date +%s) + seconds)) sequences=0 seed words
	while [ "$(date +%s)" -lt "$until" ]; do
		seed=$SRANDOM
		echo "again: PROPTEST_RNG_SEED=$seed PROPTEST_CASES=$PALLET_CASES make pallet-test"
		words=$(PROPTEST_RNG_SEED=$seed PROPTEST_CASES=$PALLET_CASES pallet_model -- --exact "$PALLET_MODEL" 2>&1) || true
		grep -q '^test result: ok. 1 passed' <<<"$words" || { echo "$words" && return 1; }
		sequences=$((sequences + PALLET_CASES))
		echo "sequences: $sequences"
	done
}

# fuzz_one TARGET: runs the target for its time, with its output in its log.
fuzz_one() {
	local target=$1
	mkdir -p "$work/found/$target" "$work/failed/$target" "$work/logs"
	if [ "$target" = pallet ]; then
		fuzz_pallet >"$work/logs/$target" 2>&1
		exit
	fi
	# New inputs go to the first folder.
	exec "$binaries/$target" "$work/found/$target" "$crate/corpus/$target" -artifact_prefix="$work/failed/$target/" \
		-max_total_time="$seconds" -max_len="$(longest "$target")" -timeout=30 -rss_limit_mb=2048 \
		-print_final_stats=1 >"$work/logs/$target" 2>&1
}

# When this script is stopped, it stops the targets.
trap 'jobs -p | xargs -r kill 2>/dev/null' EXIT
trap 'exit 130' INT TERM

started=$(date +%s)
declare -A target_of=() outcome_of=()

# Waits until one of the running targets is done, and notes how it ended.
wait_for_one() {
	local process outcome=0
	wait -n -p process "${!target_of[@]}" || outcome=$?
	outcome_of[${target_of[$process]}]=$outcome
	unset "target_of[$process]"
}

for target in "${chosen[@]}"; do
	[ ${#target_of[@]} -lt "$jobs" ] || wait_for_one
	say "Fuzzing $target for $seconds s; follow it with: tail -f $work/logs/$target"
	fuzz_one "$target" &
	target_of[$!]=$target
done
while [ ${#target_of[@]} -gt 0 ]; do wait_for_one; done

# --- Results -----------------------------------------------------------------------------------------------------

# last PATTERN LOG: the last number that the log has after a word of libFuzzer's.
last() { { grep -o "$1 *[0-9]*" "$2" || true; } | tail -n 1 | grep -o '[0-9]*$' || echo '?'; }

# The newest input that made a target fail in this run.
failed_input() {
	find "$work/failed/$1" -type f -newermt "@$started" -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-
}

say "Done"
any_failed=no
for target in "${chosen[@]}"; do
	log=$work/logs/$target
	if [ "$target" = pallet ]; then
		printf '%-15s %12s sequences of steps: ' "$target" "$(last sequences: "$log")"
	else
		printf '%-15s %12s executions, coverage %5s: ' "$target" "$(last stat::number_of_executed_units: "$log")" \
			"$(last cov: "$log")"
	fi
	if [ "${outcome_of[$target]}" -eq 0 ]; then
		echo "passed"
		continue
	fi
	any_failed=yes
	echo "FAILED"
	file=$(failed_input "$target")
	grep -m 1 -A 1 'panicked at' "$log" | sed 's/^/    /' || tail -n 5 "$log" | sed 's/^/    /'
	[ "$target" != pallet ] || grep '^again: ' "$log" | tail -n 1 | sed 's/^/    /'
	[ -z "$file" ] || printf '    again: make fuzz ARGS="--target %s --input %s"\n' "$target" "$file"
	printf '    whole log: %s\n' "$log"
done
[ "$any_failed" = no ]
