# Everything a fresh machine needs besides this file: Python 3.11 or newer, make, git, a package index.
PYTHON ?= python3
BIN := .venv/bin
CONFIG ?= feeds.yaml
DATA ?= data
PYTEST_ARGS ?=

.PHONY: help install dev run demo test check fuzz docs lock clean

help:            ## what can be made here
	@grep -E '^[a-z]+: .*##|^[a-z]+:  +##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

# pip is brought up to date first: the 23.2 that ships with Python 3.11 fails on extras spelled two ways.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

# Byte-compiled here, since the user that runs it as a service may not write beside it.
install: .venv/installed    ## .venv/bin/aggregator, nothing running
	@$(BIN)/python -m compileall -q aggregator
dev: .venv/installed-dev    ## the same, with what the tests and checks need

run: install     ## poll feeds.yaml, serve http://127.0.0.1:8080
	$(BIN)/aggregator --config $(CONFIG) --data $(DATA) run

demo: install    ## the main job against an imaginary press, without internet
	$(BIN)/aggregator demo

test: dev        ## the tests
	$(BIN)/python -m pytest -n 3 --dist worksteal $(PYTEST_ARGS)

check: dev       ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: dev        ## the long fuzzing run
	$(BIN)/python -m bench.fuzz --mutants 100000

docs: dev        ## generate the reference pages again
	$(BIN)/python -m aggregator.config docs
	$(BIN)/python -m aggregator.cli.manual > docs/commands.md

lock: dev        ## take the newest versions that pyproject.toml allows into constraints.txt
	$(BIN)/python -m pip install --quiet --upgrade --upgrade-strategy eager --editable '.[dev]'
	$(BIN)/python -m pip freeze --all --exclude-editable > constraints.txt

clean:           ## take away what was made; data stays
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
