# `make run` and `make test` do all the set-up on a fresh machine with Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet
SOURCES := pyproject.toml hatch_build.py $(shell find proxy -type f -not -name '*.pyc')

.PHONY: run test check bench docs sdks sdks-seen agents sbom

run: .venv/run
	$(BIN)/keyless run

test: .venv/test
	$(BIN)/python -m pytest

check: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/test
	$(BIN)/python -m bench

# The vendors' own SDKs, with made-up keys: a hundred of them, 3 GB, 15 minutes; what can't be installed is named and skipped.
SDKS = KEYLESS_SDKS=.venv/sdks/bin/python KEYLESS_NODE=.venv/sdks/node $(BIN)/python -m pytest -n 2 --dist load -rs

sdks: .venv/test .venv/sdks/done
	$(SDKS) tests/sdks

# Takes over what is seen now, for docs/sdks-table.md: look at the difference.
sdks-seen: .venv/test .venv/sdks/done
	@mkdir -p .venv/sdks/seen
	KEYLESS_SEEN=.venv/sdks/seen $(SDKS) tests/sdks/test_rows.py
	$(BIN)/python -m tests.sdks.seen .venv/sdks/seen
	$(BIN)/python -m tests.docs.sdks_page

.venv/sdks/done: tests/sdks/rows.yaml tests/sdks/install.py | .venv/test
	$(BIN)/python -m tests.sdks.install .venv/sdks
	@touch $@

# Coding agents at a task while tokens die: some gigabytes, 15 minutes; one that can't be installed is named and skipped.
agents: .venv/test .venv/agents/done
	KEYLESS_AGENTS=.venv/agents $(BIN)/python -m pytest -n 0 -rs tests/agents

.venv/agents/done: tests/agents/programs.py tests/agents/install.py | .venv/test
	$(BIN)/python -m tests.agents.install .venv/agents
	@touch $@

# What is installed to run it, in CycloneDX: docs/supply-chain.md. In an environment of its own, as the tool is not part of it.
sbom: .venv/sbom
	.venv/sbom/tool/bin/cyclonedx-py environment --pyproject pyproject.toml --output-file sbom.json .venv/sbom/keyless

.venv/sbom: $(SOURCES) | .venv/bin/python
	$(PYTHON) -m venv .venv/sbom/tool
	.venv/sbom/tool/bin/python -m pip install --quiet 'cyclonedx-bom>=7,<8'
	$(PYTHON) -m venv .venv/sbom/keyless
	.venv/sbom/keyless/bin/python -m pip install --quiet .
	@touch $@

docs: .venv/test
	$(BIN)/python -m tests.docs.presets_page
	$(BIN)/python -m tests.docs.sdks_page

.venv/bin/python:
	$(PYTHON) -m venv .venv

# The request path is compiled where there is a C compiler (a minute, once); Keyless does the same without, for more CPU.
# A checkout that `make test` has set up runs from its sources.
.venv/run: $(SOURCES) | .venv/bin/python
ifeq ($(wildcard .venv/test),)
	@echo "Installing into .venv. Where there is a C compiler the request path is compiled: a minute or two, once." >&2
	command -v cc >/dev/null && KEYLESS_COMPILE=1 $(INSTALL) . || $(INSTALL) .
endif
	@touch $@

.venv/test: pyproject.toml | .venv/bin/python
	$(INSTALL) --editable '.[test,check]'
	@touch $@ .venv/run
