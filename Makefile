# `make run` and `make test` do all the set-up on a fresh machine with Python 3.11+ and make.
# Another Python beside it: `make test PYTHON=python3.13 VENV=.venv-3.13`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet
SOURCES := pyproject.toml hatch_build.py compile_beside.py $(shell find proxy -type f -not -name '*.pyc')

.PHONY: run test check bench docs sdks sdks-seen agents sbom

run: $(VENV)/run
ifeq ($(wildcard $(VENV)/test),)
	-@$(BIN)/python compile_beside.py $(VENV)/run
endif
	$(BIN)/keyless run

test: $(VENV)/test
	$(BIN)/python -m pytest

check: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/test
	$(BIN)/python -m bench

# The vendors' own SDKs, with made-up keys: a hundred of them, 3 GB, 15 minutes; what can't be installed is named and skipped.
SDKS = KEYLESS_SDKS=$(VENV)/sdks/bin/python KEYLESS_NODE=$(VENV)/sdks/node $(BIN)/python -m pytest -n 2 --dist load -rs

sdks: $(VENV)/test $(VENV)/sdks/done
	$(SDKS) tests/sdks

# Takes over what is seen now, for docs/sdks-table.md: look at the difference.
sdks-seen: $(VENV)/test $(VENV)/sdks/done
	@mkdir -p $(VENV)/sdks/seen
	KEYLESS_SEEN=$(VENV)/sdks/seen $(SDKS) tests/sdks/test_rows.py
	$(BIN)/python -m tests.sdks.seen $(VENV)/sdks/seen
	$(BIN)/python -m tests.docs.sdks_page

$(VENV)/sdks/done: tests/sdks/rows.yaml tests/sdks/install.py | $(VENV)/test
	$(BIN)/python -m tests.sdks.install $(VENV)/sdks
	@touch $@

# Coding agents at a task while tokens die: some gigabytes, 15 minutes; one that can't be installed is named and skipped.
agents: $(VENV)/test $(VENV)/agents/done
	KEYLESS_AGENTS=$(VENV)/agents $(BIN)/python -m pytest -n 0 -rs tests/agents

$(VENV)/agents/done: tests/agents/programs.py tests/agents/install.py | $(VENV)/test
	$(BIN)/python -m tests.agents.install $(VENV)/agents
	@touch $@

# What is installed to run it, in CycloneDX: docs/supply-chain.md. In an environment of its own, as the tool is not part of it.
sbom: $(VENV)/sbom
	$(VENV)/sbom/tool/bin/cyclonedx-py environment --pyproject pyproject.toml --output-file sbom.json $(VENV)/sbom/keyless

$(VENV)/sbom: $(SOURCES) | $(VENV)/bin/python
	$(PYTHON) -m venv $(VENV)/sbom/tool
	$(VENV)/sbom/tool/bin/python -m pip install --quiet 'cyclonedx-bom>=7,<8'
	$(PYTHON) -m venv $(VENV)/sbom/keyless
	$(VENV)/sbom/keyless/bin/python -m pip install --quiet .
	@touch $@

docs: $(VENV)/test
	$(BIN)/python -m tests.docs.presets_page
	$(BIN)/python -m tests.docs.sdks_page

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# What compile_beside.py has made of former sources must not hide these.
FORGET_BUILD = rm -f $(VENV)/lib/python3*/site-packages/keyless-compiled.pth

# It serves from the sources at once. Where there is a C compiler the request path is compiled beside, a minute, once, and
# counts from the next start. A checkout that `make test` has set up runs from its sources.
$(VENV)/run: $(SOURCES) | $(VENV)/bin/python
ifeq ($(wildcard $(VENV)/test),)
	@echo "Installing into $(VENV): a quarter of a minute, once." >&2
	$(FORGET_BUILD)
	$(INSTALL) .
endif
	@touch $@

$(VENV)/test: pyproject.toml | $(VENV)/bin/python
	$(FORGET_BUILD)
	$(INSTALL) --editable '.[test,check]'
	@touch $@ $(VENV)/run
