# Everything a person types here is explained by `make help`.

SHELL := /bin/bash
BIN := .venv/bin
PORT ?= 8000
HOST ?= 127.0.0.1
PHOTOS ?=
N ?= 20
TEST ?= tests
MINUTES ?= 10
THINGS ?= 2000
ONLY ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-matrix fuzz hooks check fix faults bench vendor translations wheel setup setup-test clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: setup ## Start the demonstration on http://127.0.0.1:8000 (PORT=, HOST=)
	@exec $(BIN)/tallycard run --demo --host $(HOST) --port $(PORT)

test: setup-test ## Run everything that CI runs (TEST=tests/unit for a part)
	@$(BIN)/lint-imports --no-cache --config setup.cfg >/dev/null || $(BIN)/lint-imports --no-cache --config setup.cfg
	@$(BIN)/python -m pytest $(TEST) -n 2 --dist loadgroup --ignore tests/benchmarks --durations 10

test-matrix: setup-test ## Test under each Python and SQLAlchemy that is promised, where present
	@deploy/matrix.sh

fuzz: setup-test ## Ask the API what nobody would, for MINUTES=10
	@FUZZ_MINUTES=$(MINUTES) $(BIN)/python -m pytest tests/api/test_schema.py -q -n 2

hooks: setup-test ## Look at each commit as `make check` does (pre-commit)
	@$(BIN)/pre-commit install

check: setup-test ## Lint, types, import contracts, templates
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --config setup.cfg
	@$(BIN)/djlint templates --lint --quiet

fix: setup-test ## Format, and mend what can be mended by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

faults: setup-test ## Kill, fill and lock for long (N=20 kills)
	@FAULT_ROUNDS=$(N) $(BIN)/python -m pytest tests/faults -n 0 --durations 10

bench: setup-test ## Measure, each beside its reference (PHOTOS=DIR, THINGS=100000, ONLY=scans)
	@mkdir -p var
	@PHOTOS="$(PHOTOS)" TALLYCARD_BENCH_THINGS="$(THINGS)" $(BIN)/python -m tests.benchmarks \
		--json var/bench.json $(addprefix --only ,$(ONLY))
	@echo "The figures for programs: var/bench.json"

vendor: setup ## Fetch the vendored files again at their pinned versions (needs npm)
	@$(BIN)/python deploy/vendor.py

translations: setup-test ## Collect the words of the pages and compile the Chinese ones
	@$(BIN)/pybabel -q extract -F babel.cfg -k N_ -k _l -k spoken --no-location --sort-output -o inventory/translations/messages.pot .
	@$(BIN)/pybabel -q update -i inventory/translations/messages.pot -d inventory/translations --no-fuzzy-matching
	@$(BIN)/pybabel -q compile -d inventory/translations --statistics

wheel: setup-test ## Build the wheel into dist/
	@$(BIN)/python -m pip wheel -q --no-deps -w dist .

setup:
	@deploy/setup.sh run

setup-test:
	@deploy/setup.sh test

clean: ## Remove the environment and the demonstration's data
	rm -rf .venv .matrix var build dist *.egg-info
