# Short names for frequent commands. Every target is a thin wrapper, so the commands can also be typed directly.
# `.ci/run` is the complete check.

.DEFAULT_GOAL := help
.PHONY: help build test unit lint demo bench fuzz instructions programs programs-to-measure images

# Additional arguments of the program that a target runs: make bench ARGS="--small --only one-day,wc"
ARGS ?=
# Folder of the benchmark's inputs and of its Python environment.
export BENCH_DATA ?= $(CURDIR)/target/bench
VENV := $(BENCH_DATA)/venv
# Fuzzing stops after RUNS runs; if RUNS is empty, after SECONDS seconds.
RUNS ?=
SECONDS ?= 60

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

build: ## build the programs into target/release
	cargo build --release -p processor -p reporter -p simulator

test: ## run all tests
	cargo test --workspace

# `cargo test -p CRATE` would build dependencies a second time, with the features of that selection. Cargo prints the path of each test program.
unit: ## run the unit tests of one crate (CRATE=reporter), or some of them (FILTER=csv)
	@program=$$(cargo test --workspace --lib --no-run 2>&1 | tee /dev/stderr | sed -nE 's|.*\((.*/$(subst -,_,$(CRATE))-[0-9a-f]+)\)$$|\1|p') && \
	  test -n "$$program" || { echo 'make: no test program of the crate "$(CRATE)". Usage: make unit CRATE=reporter FILTER=csv' >&2; exit 2; } && \
	  program=$$(realpath "$$program") && cd jobs/$(CRATE) && "$$program" $(FILTER) $(ARGS)

lint: ## check format, lints and documentation, as .ci/run does
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

programs: ## build the static programs of the images into target/programs
	docker/programs

images: programs ## build the images cityflow/*:dev from these programs (TAG=...)
	docker/images $(or $(TAG),dev)

demo: ## first look: simulate a small city, process a day, show its report
	cargo demo

# Both targets select the same packages: another selection would build the shared dependencies again, with other features.
MEASURED := -p processor -p simulator -p bench

bench: $(VENV)/made ## compare the speed with other programs, as ratios (ARGS="--small", ARGS="--help"; docs/benchmark.md)
	cargo build --profile dist $(MEASURED)
	python3 tests/bench/bench.py $(ARGS)

programs-to-measure:
	cargo build --release $(MEASURED)

instructions: programs-to-measure ## check that instructions per row are within 3 % of the recorded ones (UPDATE=1 records them)
	python3 tests/bench/instructions.py $(if $(UPDATE),--update) $(ARGS)

fuzz: ## fuzz every target, for SECONDS=60 or RUNS=1000000 each
	fuzz/run all $(if $(RUNS),-runs=$(RUNS),-max_total_time=$(SECONDS)) $(ARGS)

# The benchmark also runs without these peers; its table lists them as unavailable.
$(VENV)/made: tests/bench/requirements.txt
	python3 -m venv $(VENV) && $(VENV)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@ || \
	  echo "make: cannot install DuckDB and Polars; the benchmark runs without them" >&2
