# What can be done here. `make` alone lists it.
#
# Everything is built with one profile (release) in one folder (see scripts/env.sh), so that the node, the tests, all
# clones and CI share one build of the SDK. And for the whole workspace, where the SDK is needed: a part of it alone would be
# built with fewer features of its dependencies, which would be built once more.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# The steps of `test` are in the order in which they share most.
.NOTPARALLEL:
.PHONY: help setup build devnet test fmt locks lint doc simulation-test unit-test pallet-test try-runtime no-std soak fuzz mutants bench weights scale

# Arguments for the target at hand: make devnet ARGS="--transfers 100"
ARGS ?=

# Each step says what it does, in the environment that scripts/env.sh sets.
step = @printf '\033[1m==> %s\033[0m\n' "$(1)" >&2; . scripts/env.sh;

help: ## List what can be done
	@echo "usage: make TARGET [ARGS=\"...\"]"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
	@echo
	@echo "Start with \`make devnet\`: it installs what is missing, builds, and runs a network on this machine."
	@echo "\`make devnet ARGS=--help\` lists its arguments."

setup: ## Install what is missing to build (says what, before it does)
	@scripts/setup.sh

build: setup ## Build the node and the devnet
	$(call step,Building the node and the devnet) cargo build --release --locked --workspace

devnet: build ## Run a network on this machine and send transfers through its mixnet
	@. scripts/env.sh; exec "$$CARGO_TARGET_DIR/release/mixnet-devnet" $(ARGS)

test: setup fmt locks simulation-test build unit-test pallet-test no-std lint doc ## Everything that CI checks: format, tests (a small devnet among them), lints, docs

fmt:
	$(call step,Checking the format) cargo fmt --all --check && cargo fmt --manifest-path simulation/Cargo.toml --all --check && \
		cargo fmt --manifest-path benchmarking/Cargo.toml --all --check && \
		cargo fmt --manifest-path benchmarking/speed/Cargo.toml --check

# The workspaces that are built by `make simulation-test`, `make fuzz`, `make bench`, `make weights` and `make scale` alone.
locks:
	$(call step,Checking that the lock files are up to date) for crate in simulation benchmarking benchmarking/speed; do \
		cargo metadata --locked --quiet --format-version 1 --manifest-path $$crate/Cargo.toml >/dev/null; done

# Needs neither the SDK nor the node: what to run after a change in the core, with `cargo test -p mixnet-node-core`.
simulation-test: setup ## Test what many nodes do together: interoperation, attacks, changes of sessions, hostile packets
	$(call step,Building the simulations) cd simulation && cargo test --release --locked --workspace --no-run
	$(call step,Running the simulations) cd simulation && cargo test --release --locked --workspace
	$(call step,Running the examples of the internals of the core) \
		cargo test --release --locked -p mixnet-node-core --doc --features unstable
	$(call step,Linting the simulations) cd simulation && lint --workspace --all-targets
	$(call step,Building the documentation of the simulations) cd simulation && document

unit-test: build
	$(call step,Building the tests) cargo test --release --locked --workspace --no-run
	$(call step,Running the tests) cargo test --release --locked --workspace

# Benchmarks are tests of their own; with try-runtime, migrations and pallets check themselves. Both are features that the node
# must not have, and with which the SDK's part that runtimes need is built once more: so both are in one build.
# scripts/fuzz.sh names the same packages and features.
checked := -p pallet-mixnet -p mixnet-runtime \
	--features pallet-mixnet/runtime-benchmarks,pallet-mixnet/try-runtime,mixnet-runtime/try-runtime

# The tests do not run the blob.
pallet-test: setup ## Test the pallet with its benchmarks, and pallet and runtime with the checks of try-runtime
	$(call step,Running the tests of the pallet and the runtime with benchmarks and the checks of try-runtime) \
		SKIP_WASM_BUILD=1 cargo test --release --locked $(checked) --lib

# The blob is copied from where the runtime's build script has left it: the SDK's builder has one folder for all clones.
try-runtime: setup ## Build the example runtime with the checks of try-runtime, to try an upgrade on a chain's state
	$(call step,Building the runtime with the checks of try-runtime) \
		folder=$$(cargo test --release --locked $(checked) --lib --no-run --message-format=json-render-diagnostics | \
			sed -n '/"reason":"build-script-executed"/s/.*#mixnet-runtime@.*"out_dir":"\([^"]*\)".*/\1/p'); \
		cp "$$folder/mixnet_runtime.compact.compressed.wasm" "$$CARGO_TARGET_DIR/try-runtime.wasm"; \
		echo "Built: $$CARGO_TARGET_DIR/try-runtime.wasm"

lint: setup ## Lint; warnings are errors with the compiler that scripts/common.sh names
	$(call step,Linting) lint --workspace --all-targets

doc: setup ## Build the documentation; warnings are errors as they are in `lint`
	$(call step,Building the documentation) document

# In a folder of its own: what proc macros are built with differs from the rest. The toolchain is the runtime's.
no-std: setup ## Build the protocol for wasm, without std
	$(call step,Building the protocol for wasm without std) \
		RUSTUP_TOOLCHAIN="$${WASM_BUILD_TOOLCHAIN:-$${RUSTUP_TOOLCHAIN:-}}"; \
		if [ -n "$$RUSTUP_TOOLCHAIN" ]; then export RUSTUP_TOOLCHAIN; else unset RUSTUP_TOOLCHAIN; fi; \
		CARGO_BUILD_BUILD_DIR="$$(build_folder)/no-std" CARGO_TARGET_DIR="$$CARGO_TARGET_DIR/no-std" cargo build --release --locked \
			-p mixnet-node-core -p x25519-batch --no-default-features --target wasm32v1-none

# Times as many as in `make test`; some of it takes a minute for each ten.
SOAK ?= 40

soak: setup ## The long forms of tests: simulations (SOAK=40 times the seeds), a million hostile packets, 10^8 replay tags, 20 times the models, 50,000 departures
	$(call step,Building the tests) cargo test --release --locked --workspace --no-run
	$(call step,Running the long forms of tests) \
		MIXNET_SOAK=$(SOAK) PROPTEST_CASES=5000 cargo test --release --locked --workspace --no-fail-fast --lib -- \
			--nocapture loops:: model::
	$(call step,When 10 000 packets of each kind leave) \
		MIXNET_DEPARTURES=10000 cargo test --release --locked --workspace --lib -- --nocapture departures::
	$(call step,Running the long forms of simulations) cd simulation && \
		MIXNET_SOAK=$(SOAK) MIXNET_FLOOD=1000000 cargo test --release --locked --no-fail-fast \
			--test congestion --test flood --test replay_memory -- \
			--nocapture a_flood one_route_in_five a_hundred_million
	$(call step,Many more random key exchanges and a million iterations, and whether their time shows a secret) \
		MIXNET_SOAK=$(SOAK) cargo test --release --locked -p x25519-batch --features aws-lc -- --include-ignored \
			--skip secrecy:: --nocapture
	$(call step,Looking for branches on secrets) scripts/x25519-secrets.sh

fuzz: ## Look for inputs that break the protocol state or the pallet, a minute for each target (ARGS=--help)
	@scripts/fuzz.sh $(ARGS)

mutants: ## Make small mistakes in the code, one after another, and look whether a test fails (ARGS=--help)
	@scripts/mutants.sh $(ARGS)

bench: ## Measure what packets cost, beside mixnet 0.7.0 and sphinx-packet 0.8.0 (ARGS=--help)
	@scripts/packet-speed.sh $(ARGS)

weights: ## Measure what the pallet's calls cost, and write it into the pallet (ARGS=--help)
	@scripts/pallet-costs.sh weights $(ARGS)

scale: ## Measure the pallet beside the Substrate Mix Network's with up to 10,000 mixnodes (ARGS=--help)
	@scripts/pallet-costs.sh scale $(ARGS)
