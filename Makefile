# Rintis. `make help` lists what there is to do.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

PYTHON ?= python3
python := .venv/bin/python
uv := .venv/bin/uv

# Trust the certificates that the machine trusts: an organisation may have its own.
export UV_SYSTEM_CERTS ?= true
export NODE_USE_SYSTEM_CA ?= 1

front_end := $(shell find static -path static/build -prune -o -type f -print 2>/dev/null)
python_code := sandbox workers tests benchmarks scripts

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Running -----------------------------------------------------------------------------------

.PHONY: run
run: export DEMO ?= 1
run: .venv/run.stamp build ## Install what is missing and start the site at http://127.0.0.1:8000
	@scripts/system-libraries run
	@exec $(python) -m sandbox up

.PHONY: build
build: static/build/manifest.json ## Build styles and scripts

static/build/manifest.json: node_modules/.stamp package.json $(front_end)
	@echo "Building styles and scripts"
	@scripts/npm run --silent build
	@touch $@

node_modules/.stamp: package-lock.json .venv/bin/uv
	@echo "Installing the front-end packages"
	@scripts/npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.venv/bin/uv: requirements/uv.txt
	@PYTHON='$(PYTHON)' scripts/environment
	@touch $@

.venv/run.stamp: requirements/run.txt pyproject.toml .venv/bin/uv
	@echo "Installing the Python packages"
	@$(uv) pip install --quiet --python .venv --require-hashes -r $<
	@$(uv) pip install --quiet --python .venv --offline --no-deps --editable .
	@touch $@

.venv/test.stamp: requirements/test.txt pyproject.toml .venv/bin/uv
	@echo "Installing the Python packages for tests and checks"
	@$(uv) pip install --quiet --python .venv --require-hashes -r $<
	@$(uv) pip install --quiet --python .venv --offline --no-deps --editable .
	@touch $@ .venv/run.stamp

# Testing -----------------------------------------------------------------------------------

.PHONY: test
test: .venv/test.stamp build test-libraries check ## Run every check and test; fail on a skip too
	@$(python) -m pytest -p tests.no_skips -n 2 --dist loadfile $(PYTEST)

.PHONY: test-libraries
test-libraries: .venv/test.stamp
	@scripts/system-libraries test

.PHONY: check
check: style types floors templates catalogues ## Run all the checks below, without the tests

.PHONY: style
style: .venv/test.stamp ## Check the code's style (ruff)
	@$(python) -m ruff check --quiet
	@$(python) -m ruff format --quiet --diff

.PHONY: types
types: .venv/test.stamp ## Check the types (mypy --strict)
	@$(python) -m mypy --no-error-summary

.PHONY: floors
floors: .venv/test.stamp ## Check that each floor imports only from below (import-linter)
	@$(python) scripts/check_floors.py

.PHONY: templates
templates: .venv/test.stamp ## Check the templates (djlint, and that each can be compiled)
	@$(python) -m djlint --quiet --lint templates
	@$(python) scripts/check_templates.py

.PHONY: catalogues
catalogues: .venv/test.stamp ## Check that every text is translated
	@$(python) scripts/check_catalogues.py

.PHONY: format
format: .venv/test.stamp ## Put the code into the common style
	@$(python) -m ruff check --quiet --fix-only
	@$(python) -m ruff format --quiet

.PHONY: bench
bench: $(patsubst %,bench-%,audit pages ingest risk standby start watch) ## Run the benchmarks one after the other

bench-%: .venv/test.stamp build ## Run a benchmark: make bench-NAME runs benchmarks/NAME.py
	@$(python) -m benchmarks.$(subst -,_,$*)

# Languages ---------------------------------------------------------------------------------

.PHONY: messages
messages: .venv/run.stamp ## Collect the texts to translate into sandbox/locale
	@scripts/messages

# Schema ------------------------------------------------------------------------------------

.PHONY: migration
migration: .venv/run.stamp ## Write the migration from the last one to the models: make migration WHAT="…"
	@$(python) -m sandbox.migrations.new '$(WHAT)'

.PHONY: life-cycles
life-cycles: .venv/run.stamp ## Draw docs/life-cycles.md from the rules
	@$(python) -m scripts.life_cycles

# Upkeep ------------------------------------------------------------------------------------

.PHONY: lock
lock: .venv/bin/uv ## Compile requirements/*.in and package.json into pinned versions
	@scripts/lock

.PHONY: clean
clean: ## Remove all that was installed or built; your data in var/ stays
	rm -rf .venv node_modules static/build .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find sandbox workers tests benchmarks \( -name __pycache__ -o -name '*.mo' \) \
		-exec rm -rf {} +
