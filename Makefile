# Every target works on a machine that has make and Python 3.11, 3.12 or 3.13.
# PYTHON names the interpreter for the environment, VENV its folder, DATASETS what `make bench` reads.

VENV ?= .venv
DATASETS ?= ../shared/datasets
ifndef PYTHON
PYTHON := $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
  "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo "$$name" && break; done)
endif
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help install demo test check lint format docs web bench constraints clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/pyvenv.cfg:
	@"$(or $(PYTHON),false)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
	  echo "Refdesk needs Python 3.11, 3.12 or 3.13; $(if $(PYTHON),$(PYTHON) is none of them,this machine has none)." \
	       "Name one: make demo PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Making the environment $(VENV) with $$($(PYTHON) --version) ..."
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/.installed: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing Refdesk and its pinned dependencies into $(VENV): some minutes the first time, seconds later ..."
	@$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing Refdesk, its pinned dependencies and the tools for its tests into $(VENV): some minutes the first time ..."
	@$(PIP_INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/.installed

install: $(VENV)/.installed ## Make the environment and install the pinned set.

demo: $(VENV)/.installed ## Ingest the sample documents and ask them a handful of questions.
	@$(BIN)/python -m serve.demo

# Compiled once, since hundreds of processes that tests start would compile it again where none may write bytecode.
test: $(VENV)/.installed-dev ## Run the whole test suite with coverage.
	@$(BIN)/python -m compileall -q knowledge ingest agents eval serve
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered --durations=15

check: lint test ## Format, lint, types and layers, then the tests.

lint: $(VENV)/.installed-dev ## Format, lint, types and layers only.
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m ruff check
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev ## Format the code and mend what the linter can mend.
	$(BIN)/python -m ruff format
	$(BIN)/python -m ruff check --fix

docs: $(VENV)/.installed-dev ## Write docs/cli.md from the commands' own help.
	$(BIN)/python -m serve.reference > docs/cli.md

web: ## Build the pages from web/ into serve/static/; needs Node 20 or newer, which nobody else does.
	cd web && npm ci --no-progress && npm run build

bench: $(VENV)/.installed-dev ## Measure speed, memory and quality side by side; DATASETS names the folder of documents.
	$(BIN)/python -m bench.embedding $(DATASETS)
	$(BIN)/python -m bench.ingest $(DATASETS)
	$(BIN)/python -m bench.query $(DATASETS)
	$(BIN)/python -m bench.retrieval $(DATASETS)

constraints: $(VENV)/.installed-dev ## Pin what is installed now; run the tests before keeping it.
	$(BIN)/python -m pip freeze --exclude-editable --exclude pip --exclude setuptools --exclude wheel | sed 's/+cpu$$//' > constraints.txt

clean: ## Remove the environment and what the demonstration made.
	rm -rf $(VENV) data/banks
