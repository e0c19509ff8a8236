# Two commands matter: `make lab` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

# The first Python that is new enough; the system packages bring one when there is none.
PYTHON := $(or $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { command -v "$$p"; break; }; done),python3)
VENV ?= .venv
BIN := $(VENV)/bin
export PATH := $(abspath $(BIN)):$(PATH)
# Images for containers set it. Each worker, kernel and server would then compile what it imports
# all over again, which takes twice as long as to import it.
unexport PYTHONDONTWRITEBYTECODE

# What the installed package is made from. Its Python files are used in place.
BUNDLE := $(wildcard package.json yarn.lock tsconfig.json hatch_build.py labextension/assets.js) \
	$(shell find labextension/src labextension/style labextension/schema labconfig -type f \
	-not -path '*/__tests__/*' 2>/dev/null)

# Tests mostly wait: for kernels, browsers, servers; so three at a time, also on two cores. A
# file's tests share what they start, and those of the browser come last, for Playwright keeps
# the event loop of its process.
PARALLEL ?= -n 3 --dist loadfile --no-loadscope-reorder

say = @printf '\033[1m==> %s\033[0m\n' "$(1)"
# uv is several times faster; pip does where uv cannot be had or cannot reach the index.
install = { [ -x $(BIN)/uv ] && uv pip install --python $(BIN)/python $(1); } \
	|| $(BIN)/python -m pip install $(1)

# Node is needed to lint and test TypeScript; where the machine's is missing or old, a wheel's does.
has_node = node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || a == 20 && b >= 19 ? 0 : 1)' 2>/dev/null

# Where the system packages no Chromium (Ubuntu); Playwright would ask for a password.
fetch_chromium = { [ $$(id -u) = 0 ] || sudo -n true; } 2>/dev/null \
	&& playwright install --with-deps chromium \
	|| echo "No Chromium: browser tests are skipped. \`playwright install --with-deps chromium\` gets it."

.PHONY: help lab test galata check format lint types layers typescript quick docs clean setup-lab \
	setup-test

help: ## List the commands.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

lab: setup-lab ## Set up what is missing and open JupyterLab on the repository.
	@exec omega lab $(ARGS)

test: setup-test ## Set up what is missing and run every test.
	$(call say,TypeScript tests)
	@jlpm test
	$(call say,Python tests)
	@pytest $(PARALLEL) $(ARGS)

galata: setup-test ## Run JupyterLab's own browser tests on the disk and on the repository.
	@python -m tests.galata $(ARGS)

check: setup-test lint types layers typescript quick docs ## Check everything a reviewer would.
	$(call say,All checks passed)

format: setup-test ## Bring every file into shape.
	@ruff check --fix . ; ruff format .
	@jlpm format

lint:
	$(call say,ruff)
	@ruff check . && ruff format --check .

types:
	$(call say,mypy)
	@mypy

layers:
	$(call say,import-linter)
	@lint-imports

typescript:
	$(call say,tsc eslint prettier vitest)
	@jlpm check

quick:
	$(call say,architecture unit and contract tests)
	@pytest -q tests/architecture tests/unit tests/contract

docs:
	$(call say,docs)
	@pytest -q tests/docs

setup-lab: $(VENV)/.lab

setup-test: $(VENV)/.test

$(VENV)/.venv:
	@.ci/system-packages lab $(PYTHON)
	$(call say,A virtual environment in $(VENV))
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet uv || echo "No uv: pip does its work, more slowly."
	@touch $@

$(VENV)/.lab: pyproject.toml $(BUNDLE) | $(VENV)/.venv
	$(call say,Python packages and the JupyterLab extension)
	@rm -rf omegaml_lab/labextension
	@$(call install,--editable '.[embedded$(,)examples]')
	@touch $@

$(VENV)/.test: $(VENV)/.lab .ci/system-packages
	@.ci/system-packages test $(PYTHON)
	$(call say,What developing and testing need)
	@$(call install,--editable '.[dev]')
	@$(has_node) || $(call install,"$$(sed -n 's/^NODE_WHEEL = "\(.*\)"/\1/p' hatch_build.py)")
	@[ -d node_modules ] && [ node_modules -nt yarn.lock ] || jlpm install --immutable
	@command -v chromium google-chrome chromium-browser >/dev/null || { $(fetch_chromium); }
	@touch $@

, := ,

clean: ## Remove the environment, the builds and the caches; your repository's data stay.
	@rm -rf $(VENV) node_modules omegaml_lab/labextension labextension/lib build dist *.tsbuildinfo \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
