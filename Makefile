# Every target works alone on a fresh machine with Python >= 3.11 and make.
#   PYTHON=python3.12 make test      another interpreter
#   NIANBAO_HOME=/srv/nianbao make demo

PYTHON ?= python3
VENV ?= .venv
NIANBAO_HOME ?= ./data
PYTEST_FLAGS ?=
# A file's tests stay on one core: they share what they set up. tests/conftest.py says which files come first.
PARALLEL ?= -n auto --dist loadfile --no-loadscope-reorder
LOCK_FLAGS ?=
UV := uv==0.13.9

BIN := $(VENV)/bin
SETUP := $(VENV)/.installed
CODE := flows expectations transforms warehouse tests $(wildcard benchmarks)
COMPILE = pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --custom-compile-command 'make lock' --quiet $(LOCK_FLAGS)

# The published figures of the city, newest year.
HEADLINE := SELECT i.indicator AS 指标, i.name_zh AS 名称, i.value AS 数值, i.unit AS 单位, i.coverage_pct AS 覆盖率 \
	FROM mart.indicator AS i WHERE i.is_published AND i.org_level = 'city' \
	AND i.year = (SELECT max(year) FROM mart.indicator) ORDER BY i.programme, i.indicator

export NIANBAO_HOME
# Without cached bytecode every start of Prefect and Great Expectations costs several seconds more.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup demo deep office test check unit lint format docs docs-check bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(SETUP) ## create .venv with the locked dependencies

demo: $(SETUP) ## sample workbooks 2019-2024, one nightly run, the headline indicators
	$(BIN)/nianbao sample --out "$(NIANBAO_HOME)/inbox"
	$(BIN)/nianbao nightly
	$(BIN)/nianbao query "$(HEADLINE)"

office: $(SETUP) ## a whole office to look at: server, worker, mail, SFTP; a county that answers (Ctrl-C ends it)
	$(BIN)/python -m tests.integration.office_demo

test: $(SETUP) ## all tests, on all cores
	$(BIN)/python -m pytest $(PARALLEL) $(PYTEST_FLAGS)

deep: $(SETUP) ## the slow variants that `make test` leaves out, faults at every point among them
	NIANBAO_DEEP=1 $(BIN)/python -m pytest -m deep $(PARALLEL) $(PYTEST_FLAGS)

check: lint unit ## format, lint, types, import contract, generated documents, unit tests

unit: $(SETUP) ## tests without the integration tests
	$(BIN)/python -m pytest --ignore=tests/integration --ignore=tests/faults $(PARALLEL) $(PYTEST_FLAGS)

lint: $(SETUP) ## everything of check but the tests
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nianbao docs --check

format: $(SETUP) ## rewrite the code in the project's format
	$(BIN)/ruff check --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)

docs: $(SETUP) ## write the generated rule book and dictionary into docs/
	$(BIN)/nianbao docs

docs-check: $(SETUP) ## fail when the committed rule book or dictionary is stale
	$(BIN)/nianbao docs --check

bench: $(SETUP) ## measure reading, checking and the whole night
	$(BIN)/python -m benchmarks

# Every dependency is in the lock with its hash, and none is looked for besides (--no-deps below).
# The locks hold names, versions and hashes only: uv records no index unless asked to.
lock: $(VENV)-lock/bin/uv ## resolve the locks again (LOCK_FLAGS=--upgrade for newer releases)
	$(VENV)-lock/bin/uv $(COMPILE) --all-extras --output-file requirements-dev.lock
	$(VENV)-lock/bin/uv $(COMPILE) --extra build --constraints requirements-dev.lock --output-file requirements.lock
	$(VENV)-lock/bin/uv $(COMPILE) --extra build --extra shared --constraints requirements-dev.lock --output-file requirements-shared.lock

clean: ## remove the environment and caches; data stays
	rm -rf $(VENV) $(VENV)-lock build *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(CODE) -type d -name __pycache__ -prune -exec rm -rf {} +

define PYTHON_CHECK
import sys
if sys.version_info < (3, 11):
    sys.exit(f"nianbao needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12")
try:
    import ensurepip, venv
except ImportError:
    sys.exit("this Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv")
endef
export PYTHON_CHECK

$(BIN)/python:
	@$(PYTHON) -c "$$PYTHON_CHECK"
	$(PYTHON) -m venv $(VENV)

$(VENV)-lock/bin/uv: Makefile
	@$(PYTHON) -c "$$PYTHON_CHECK"
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet '$(UV)'

$(SETUP): pyproject.toml requirements-dev.lock | $(BIN)/python
	@echo "Installing the locked dependencies into $(VENV); this takes a minute or two."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
