#!/usr/bin/env bash
# Measures what packets cost, ours beside `mixnet` 0.7.0 and `sphinx-packet` 0.8.0 in the same run (`make bench`).
#
# Everything is measured in turn, again and again, so that two times that are compared are measured within seconds of each
# other. The benchmarks are in benchmarking/speed. benchmarking/speed_report.py writes the tables and the page.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

usage() {
	cat <<-TEXT
		usage: scripts/packet-speed.sh [--quick] [--repetitions N]
		or:    make bench ARGS="..."

		Measures unwrapping, building, key exchanges, the replay filter and the queues. Prints a table of ratios, and writes
		benchmarking/results.json, benchmarking/results.html and the tables in README.md and docs/speed.md. If valgrind is
		installed, counts instructions too. Takes about 12 minutes and 3 GB of memory.

		  --quick           fewer and shorter repetitions, and a smaller replay filter; takes about two minutes
		  --repetitions N   how many times each is measured (10; 3 with --quick)
		  --help            this text

		Measure on a machine that does nothing else at the time.
	TEXT
}

arguments=$*
quick=no
repetitions=
while [ $# -gt 0 ]; do
	case "$1" in
	--quick) quick=yes ;;
	--repetitions)
		[ $# -ge 2 ] && [[ $2 =~ ^[1-9][0-9]{0,2}$ ]] || fail "$1 wants a number from 1 to 999 (--help explains)"
		repetitions=$2
		shift
		;;
	--help | -h) usage && exit 0 ;;
	*) fail "unknown argument: $1 (--help explains)" ;;
	esac
	shift
done
# How long each measurement takes, in seconds. Criterion takes the median of ten samples in that time.
if [ "$quick" = yes ]; then
	repetitions=${repetitions:-3} warm_up=0.05 seconds=0.1 max_tags=10000000
else
	repetitions=${repetitions:-10} warm_up=0.1 seconds=0.25 max_tags=100000000
fi

have python3 || fail "python3 is missing; it writes the tables" "install it with the system's package manager"
"$root/scripts/setup.sh"
# shellcheck source=scripts/env.sh
. "$root/scripts/env.sh"
work=$CARGO_TARGET_DIR/speed
# Built in a folder of its own, because the node's crates have other features here.
export CARGO_TARGET_DIR=$work/build
unset CARGO_BUILD_BUILD_DIR
crate=$root/benchmarking/speed
rm -rf "$work/results"
mkdir -p "$work/results"
cd "$crate"

say "Building what is measured"
cargo bench --locked --no-run
cargo build --release --locked --examples

say "Measuring, $repetitions times each"
CRITERION_HOME=$work/results/criterion REPETITIONS=$repetitions cargo bench --locked --quiet -- --noplot --quiet \
	--warm-up-time "$warm_up" --measurement-time "$seconds" --sample-size 10 --nresamples 1000 >"$work/results/log" 2>&1 ||
	fail "the measurement failed" "its messages are in $work/results/log"

say "Filling a replay filter with $max_tags tags"
"$CARGO_TARGET_DIR/release/examples/replay_filter" "$max_tags" >"$work/results/filter"

# count WORK WHO: counts the instructions for a packet alone, and writes them down.
count() {
	local instructions
	instructions=$(valgrind --tool=callgrind --toggle-collect='*counted*' --callgrind-out-file=/dev/null \
		"$CARGO_TARGET_DIR/release/examples/instructions" "$1" "$2" 2>&1 | sed -n 's/.*Collected : \([0-9]*\)$/\1/p')
	[ -n "$instructions" ] || fail "callgrind counted no instructions of: $1, $2"
	# examples/instructions.rs repeats the work 20 times (TURNS).
	printf '%s %s %s\n' "$1" "$2" "$((instructions / 20))" >>"$work/results/instructions"
}

if have valgrind; then
	say "Counting instructions"
	for what in forward replay bad cover; do
		for who in mixnet aws-lc portable; do
			count "$what" "$who"
		done
	done
else
	note "valgrind is not installed, so instructions are not counted"
fi

python3 "$root/benchmarking/speed_report.py" "$work/results" "make bench${arguments:+ ARGS=\"$arguments\"}"
say "Written: benchmarking/results.json, benchmarking/results.html, README.md and docs/speed.md"
