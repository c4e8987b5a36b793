# Two commands matter: `make run` and `make test`. Both may be run again at any time.
# A stamp is touched only after its step has succeeded, so an interrupted step is simply done again.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# The newest Python that is new enough; PYTHON=… on the command line wins.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null </dev/null \
	&& { echo "$$name"; break; }; done)
ARGS ?=

.PHONY: help run test lint bench bench-nodes bench-client soak install install-dev pages clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

run: install pages ## start the server with a demo on the embedded store (ARGS="--port 9000" for more)
	@exec $(BIN)/notify-server serve --demo $(ARGS)

test: install-dev ## run every test that this machine can run, and say which were left out
	@exec scripts/test

lint: install-dev ## style, types and layers
	@exec scripts/lint

bench: install-dev ## measure the line, then the transport against its peers; never fails on a time (ARGS=--quick)
	@$(BIN)/python benchmarks/run.py $(ARGS)
	exec $(BIN)/python benchmarks/transport/run.py --picture $(ARGS)

bench-nodes: install-dev ## measure what a second node and the bus cost in CPU seconds (ARGS=--quick)
	@scripts/services
	exec $(BIN)/python benchmarks/nodes/run.py $(ARGS)

bench-client: install-dev pages ## weigh the React package against its peers and time its page; never fails on a figure
	@node benchmarks/client/bytes.mjs
	exec node benchmarks/client/page.mjs $(ARGS)

soak: install-dev ## the tests that run for minutes
	@$(BIN)/python -m pytest -m soak $(ARGS)
	for name in two_tabs audience_matrix connecting snooze_expiry_cancel oracle collapsing listing; do
		NOTIFY_TEST_NODES=2 $(BIN)/python -m pytest tests/acceptance/test_$$name.py
	done
	NOTIFY_TEST_TRANSPORT=polling exec $(BIN)/python -m pytest tests/acceptance

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

pages: install
	@scripts/pages

$(VENV)/.made:
	@if [ -z "$(PYTHON)" ]; then
		echo "Python 3.11 or newer is needed and was not found; name one with make PYTHON=/path/to/python3." >&2
		exit 1
	fi
	if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then
		echo "This Python makes no virtual environments; on Debian: apt-get install python3-venv." >&2
		exit 1
	fi
	echo "Making $(VENV) …"
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed: setup.cfg pyproject.toml | $(VENV)/.made
	@echo "Installing what the server needs …"
	$(PIP) -e .
	touch $@

$(VENV)/.installed-dev: setup.cfg pyproject.toml | $(VENV)/.made
	@echo "Installing what the tests need …"
	$(PIP) -e '.[dev]'
	touch $@ $(VENV)/.installed

clean: ## remove everything that was made, data aside
	@rm -rf $(VENV) build dist *.egg-info var clients/js/node_modules clients/js/dist notify_server/rest/pages/demo
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
