#!/usr/bin/env bash
# Prepares this machine to build the project: says what is missing, and installs it.
#
# The project needs git, make, a C and C++ compiler, OpenSSL with its headers and pkg-config (otherwise OpenSSL is built from
# source, which takes minutes and needs perl), protoc, a stable Rust toolchain by rustup with clippy and rustfmt, and a
# compiler for the wasm target of runtimes. Measuring weights also needs python3 and libclang, because the benchmark runner
# contains RocksDB, whose bindings are generated.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
	cat <<-'TEXT'
		usage: scripts/setup.sh [--check] [--benchmarks]

		Installs what is missing to build this project, and says what before it does so. Quick if nothing is missing.

		  --check        install nothing; report what is missing, and fail if anything is
		  --benchmarks   also install what the benchmark runner needs (for `make weights` and `make scale`)
		  --help         this text
	TEXT
}

check_only=no
benchmarks=no
for argument in "$@"; do
	case "$argument" in
	--check) check_only=yes ;;
	--benchmarks) benchmarks=yes ;;
	--help | -h) usage && exit 0 ;;
	*) usage >&2 && fail "unknown argument: $argument" ;;
	esac
done

# --- System packages ---------------------------------------------------------------------------------------------

package_manager() {
	local manager
	for manager in apt-get dnf pacman zypper brew; do
		have "$manager" && echo "$manager" && return
	done
	echo none
}

# packages_for TOOL MANAGER: prints the packages that contain the tool, as the package manager names them.
packages_for() {
	case "$1:$2" in
	git:*) echo git ;;
	make:*) echo make ;;
	openssl:apt-get) echo libssl-dev pkg-config ;;
	openssl:dnf) echo openssl-devel pkgconf-pkg-config ;;
	openssl:zypper) echo libopenssl-devel pkg-config ;;
	openssl:pacman) echo openssl pkgconf ;;
	openssl:brew) echo openssl@3 pkgconf ;;
	openssl:none) echo "OpenSSL with its headers, pkg-config" ;;
	compiler:apt-get) echo build-essential ;;
	compiler:dnf | compiler:zypper) echo gcc gcc-c++ ;;
	compiler:pacman) echo base-devel ;;
	compiler:brew) echo gcc ;;
	protoc:apt-get | protoc:none) echo protobuf-compiler ;;
	protoc:dnf) echo protobuf-compiler protobuf-devel ;;
	protoc:zypper) echo protobuf-devel ;;
	protoc:pacman | protoc:brew) echo protobuf ;;
	compiler:none) echo gcc g++ ;;
	libclang:apt-get) echo libclang-dev ;;
	libclang:dnf | libclang:zypper) echo clang-devel ;;
	libclang:brew) echo llvm ;;
	libclang:*) echo clang ;;
	python3:pacman) echo python ;;
	python3:*) echo python3 ;;
	esac
}

missing_tools() {
	have git || echo git
	{ have cc && have c++; } || echo compiler
	have make || echo make
	has_openssl || can_build_openssl || echo openssl
	have protoc || echo protoc
	if [ "$benchmarks" = yes ]; then
		has_libclang || echo libclang
		have python3 || echo python3
	fi
}

# Building OpenSSL from source takes minutes, and needs a perl with these modules, which minimal systems lack. So we rely on
# it only where the system's OpenSSL cannot be installed.
can_build_openssl() {
	[ "$(package_manager)" = none ] || ! may_be_root || return
	perl -MFindBin -MIPC::Cmd -MTime::Piece -e 1 2>/dev/null
}

# Looks where generators of bindings look: in LIBCLANG_PATH, where the loader looks, and in LLVM's own folders.
has_libclang() {
	[ -z "${LIBCLANG_PATH:-}" ] || return 0
	{ ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null | grep -qE 'libclang(-[0-9.]+)?\.so' && return
	# libclang-cpp is another library, which comes with other packages.
	compgen -G '/usr/lib*/llvm*/lib*/libclang.so*' >/dev/null && return
	compgen -G '/usr/lib*/llvm*/lib*/libclang-[0-9]*.so*' >/dev/null && return
	have brew && [ -e "$(brew --prefix llvm 2>/dev/null)/lib/libclang.dylib" ]
}

# as_root COMMAND...: runs it with sudo if we are not root. Without a terminal, nobody could answer sudo's question.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@"
	fi
}

may_be_root() { [ "$(id -u)" -eq 0 ] || { have sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }; }

# install_packages WHY PACKAGE...: says what it installs, and does it. If it may not, names the packages and stops.
install_packages() {
	local why=$1 manager
	shift
	manager=$(package_manager)
	[ "$check_only" = no ] || fail "missing: $why" "install the packages: $*"
	[ "$manager" != none ] || fail "missing: $why; and this script knows no package manager of this system" \
		"install these, under the names that your system has for them: $*" "then run this again"
	[ "$manager" = brew ] || may_be_root || fail "missing: $why; and installing needs root, or sudo without a password" \
		"install these packages as root: $*" "then run this again"

	say "Installing with $manager: $* ($why)"
	case "$manager" in
	apt-get)
		# The lists may be old, or missing in a container. Never remove a package of the user's.
		as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq ||
			note "apt-get update failed; trying with the present lists"
		as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends --no-remove "$@" </dev/null
		;;
	dnf) as_root dnf install -y "$@" ;;
	pacman) as_root pacman -S --needed --noconfirm "$@" ;;
	zypper) as_root zypper --non-interactive install "$@" ;;
	brew) brew install "$@" ;;
	esac >&2 || fail "$manager could not install: $*" "its messages are above; install the packages by hand, then run this again"
}

tools=$(missing_tools)
if [ -n "$tools" ]; then
	packages=()
	for tool in $tools; do
		read -ra names <<<"$(packages_for "$tool" "$(package_manager)")"
		packages+=("${names[@]}")
	done
	install_packages "${tools//$'\n'/, }" "${packages[@]}"
	tools=$(missing_tools)
	[ -z "$tools" ] || fail "still missing after that: ${tools//$'\n'/, }"
fi

# AWS-LC refuses old releases of GCC, which compile memcmp wrongly (GCC bug 95189).
gcc_version() { "${CC:-cc}" --version 2>/dev/null | grep -qi 'free software foundation' && "${CC:-cc}" -dumpversion | cut -d . -f 1; }
gcc=$(gcc_version || true)
[ -z "$gcc" ] || [ "$gcc" -ge 10 ] ||
	fail "the C compiler is GCC $gcc, and 10 or newer is needed (older ones compile memcmp wrongly: GCC bug 95189)" \
		"install a newer one, or clang, and set CC and CXX to it, such as: export CC=gcc-12 CXX=g++-12"

# --- Rust --------------------------------------------------------------------------------------------------------

{ have rustup && have cargo; } || fail "Rust is missing, or did not come from rustup" \
	"install a stable toolchain as https://rustup.rs says, then run this again"
default_version=$(rust_version rustc)
[ -n "$default_version" ] || fail "rustup has no toolchain" "run: rustup default stable"
version_at_least "$default_version" "$MINIMUM_RUST" ||
	fail "Rust $default_version is too old; $MINIMUM_RUST or newer is needed" "run: rustup update stable"

missing_components() {
	cargo fmt --version >/dev/null 2>&1 || echo rustfmt
	cargo clippy --version >/dev/null 2>&1 || echo clippy
}
components=$(missing_components)
if [ -n "$components" ]; then
	[ "$check_only" = no ] || fail "missing: the Rust components ${components//$'\n'/, }" \
		"run: rustup component add ${components//$'\n'/ }"
	say "Installing with rustup: ${components//$'\n'/, }"
	# shellcheck disable=SC2086 # one word each
	rustup component add $components >&2 || fail "rustup could not fetch ${components//$'\n'/, }"
fi

# --- The wasm target ---------------------------------------------------------------------------------------------

# Does the system have a compiler for wasm-toolchain.sh? It must be new enough, and come with the library's sources.
system_rust_is_usable() {
	[ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -e /usr/lib/rustlib/src/rust/library/core/Cargo.toml ] &&
		version_at_least "$(rust_version /usr/bin/rustc)" "$MINIMUM_RUST"
}

# Debian has rustc-web, a newer Rust for building browsers. In later releases the ordinary rustc is new enough.
distribution_rust_packages() {
	local rustc version
	for rustc in rustc-web rustc; do
		version=$(apt-cache policy "$rustc" 2>/dev/null | sed -n 's/^ *Candidate: //p')
		if [[ $version =~ ^[0-9]+\.[0-9]+ ]] && version_at_least "$version" "$MINIMUM_RUST"; then
			[ "$rustc" = rustc ] && echo rustc cargo rust-src || echo rustc-web cargo-web rust-web-src
			return
		fi
	done
}

# Does the composed toolchain exist, does it work, and was it made from the compiler that is installed now?
composed_toolchain_is_good() {
	local toolchain
	toolchain=$(mixnet_cache)/wasm-toolchain
	[ -e "$toolchain/origin" ] && [ "$("$toolchain/bin/rustc" --version 2>/dev/null)" = "$(cat "$toolchain/origin")" ] &&
		rustup which --toolchain "$WASM_TOOLCHAIN_NAME" rustc >/dev/null 2>&1
}

ensure_wasm_target() {
	local words names
	if [ -n "${WASM_BUILD_TOOLCHAIN:-}" ] && [ "$WASM_BUILD_TOOLCHAIN" != "$WASM_TOOLCHAIN_NAME" ]; then
		# This is the user's choice. Only check that it has the target.
		has_wasm_target "$(rustup which --toolchain "$WASM_BUILD_TOOLCHAIN" rustc 2>/dev/null)" ||
			fail "the toolchain WASM_BUILD_TOOLCHAIN=$WASM_BUILD_TOOLCHAIN has no target wasm32v1-none" \
				"run: rustup target add wasm32v1-none --toolchain $WASM_BUILD_TOOLCHAIN"
		return
	fi
	! has_wasm_target rustc || return 0
	! composed_toolchain_is_good || return 0
	[ "$check_only" = no ] || fail "missing: the Rust target wasm32v1-none" "run: rustup target add wasm32v1-none"

	say "Installing with rustup: the target wasm32v1-none"
	if words=$(rustup target add wasm32v1-none 2>&1) && has_wasm_target rustc; then
		return
	fi
	note "rustup could not: $(tail -n 1 <<<"$words")"
	if ! system_rust_is_usable; then
		have apt-cache || fail "this script knows no other way to get the target wasm32v1-none on this system" \
			"what rustup said:" "$words"
		read -ra names <<<"$(distribution_rust_packages)"
		if [ ${#names[@]} -eq 0 ] && [ "$(package_manager)" = apt-get ] && may_be_root; then
			say "Updating apt-get's lists, to look for a compiler"
			as_root apt-get update -qq >&2 || true
			read -ra names <<<"$(distribution_rust_packages)"
		fi
		[ ${#names[@]} -gt 0 ] || fail "this distribution has no Rust $MINIMUM_RUST or newer, which would be another way" \
			"what rustup said:" "$words"
		install_packages "a compiler with sources, to build the wasm target from" "${names[@]}"
		system_rust_is_usable || fail "the installed packages have no Rust $MINIMUM_RUST or newer with its sources"
	fi
	"$(dirname "${BASH_SOURCE[0]}")/wasm-toolchain.sh" /usr/bin/rustc /usr/bin/cargo
}
ensure_wasm_target

[ "$check_only" = no ] || say "Nothing is missing"
