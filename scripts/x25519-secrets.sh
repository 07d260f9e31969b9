#!/usr/bin/env bash
# Looks for branches and addresses that depend on a secret in node-core/x25519-batch, in two ways:
# - Valgrind follows secrets through all code that it can run. It cannot run AVX-512; an emulated vector replaces it.
# - The script reads the instructions of the AVX-512 code. Only a few kinds can bring a vector to a branch or an address.
# Needs valgrind and objdump (binutils).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

for tool in valgrind objdump; do
	have "$tool" || fail "$tool is missing" "install valgrind and binutils with the system's package manager"
done

# built ARGUMENT...: builds with cargo, and prints the path of the program.
built() {
	cargo "$@" --release --locked -p x25519-batch --features aws-lc --message-format json |
		sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1
}

say "Following secrets with valgrind"
valgrind --quiet "$(built test --lib --no-run)" --ignored secrecy:: --nocapture

say "Reading the instructions"
code=$(objdump --disassemble --demangle --no-show-raw-insn "$(built build --example speed)")
for name in variable_base fixed_base; do
	function=$(awk -v name="avx512ifma::$name" '/^[0-9a-f]+ </ { inside = index($0, name) } inside' <<<"$code")
	products=$(grep -c vpmadd52 <<<"$function" || true)
	[ "$products" -gt 1000 ] || fail "$name: not found, or changed ($products products)"
	# Instructions that move a vector or a mask to a general register or to the flags, or take addresses from a vector.
	leaks=$(grep -E '\s(kmov.\s+%k[0-7],%[er]|kortest|ktest|vptest\s|v?movmsk|v?pmovmsk|vpextr|v?mov[dq]\s+%[xyz]mm[0-9]+,%[er]|v?p?gather|v?p?scatter|vpcompress|vpexpand|v?u?comis)' \
		<<<"$function" || true)
	[ -z "$leaks" ] || fail "$name: from a vector to a branch or an address:" "$leaks"
	echo "$name: $(wc -l <<<"$function") instructions, $products products," \
		"$(grep -cE '\sj[^m]' <<<"$function") conditional jumps, none fed by a vector:"
	# Prints what these jumps compare: counts and lengths.
	grep -E -B 3 '\sj[^m]' <<<"$function" | grep -E '\s(cmp|test|add|dec|inc|sub)[a-z]*\s' | cut -f 2- | sort | uniq -c
done
