# Short names for what is done often. Each target is one command that may as well be typed; .ci/run is what has to pass.

.DEFAULT_GOAL := help
.PHONY: help build test lint demo bench fuzz instructions programs images

# More for a target's own program: make bench ARGS="--small --only one-day,wc"
ARGS ?=
# Where the benchmark keeps its inputs and the Python environment of its peers.
export BENCH_DATA ?= $(CURDIR)/target/bench
VENV := $(BENCH_DATA)/venv
# Fuzzing ends after this many runs, or else after this many seconds.
RUNS ?=
SECONDS ?= 60

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

build: ## the programs, into target/release
	cargo build --release -p processor -p reporter -p simulator

test: ## all tests
	cargo test --workspace

lint: ## format, lints and documentation, as .ci/run has them
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

programs: ## the static programs of the images, into target/programs
	docker/programs

images: programs ## the images cityflow/*:dev, from those programs (TAG=...)
	docker/images $(or $(TAG),dev)

demo: ## a first look: a small city, a day, its report
	cargo demo

# One selection of packages for both, or what they share would be built twice.
MEASURED := -p processor -p simulator -p bench

bench: $(VENV)/made ## speed beside its peers, as ratios (ARGS="--small", ARGS="--help"; docs/benchmark.md)
	cargo build --profile dist $(MEASURED)
	python3 tests/bench/bench.py $(ARGS)

instructions: ## instructions per row, within 3 % of those recorded (UPDATE=1 records them)
	cargo build --release $(MEASURED)
	python3 tests/bench/instructions.py $(if $(UPDATE),--update) $(ARGS)

fuzz: ## any bytes to the scan, for SECONDS=60 or RUNS=1000000
	fuzz/run scan $(if $(RUNS),-runs=$(RUNS),-max_total_time=$(SECONDS)) $(ARGS)

# A peer that cannot be installed is told in the table as not here; the benchmark goes on.
$(VENV)/made: tests/bench/requirements.txt
	python3 -m venv $(VENV) && $(VENV)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@ || \
	  echo "make: DuckDB and Polars could not be installed" >&2
