# make run | test | check | bench | docs      (needs Python 3.11+, git and make; nothing else prepared)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Where the environment forbids Python to keep what it compiled, checks take half as long again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test check bench docs install install-dev format vendor screenshots clean

run: install
	@$(BIN)/henvend run

install: $(INSTALLED)
install-dev: $(INSTALLED_DEV)

# torch first and by itself: any looser request may fetch the CUDA build (see README, "The CPU wheel").
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Henvend needs Python 3.11 or newer; set PYTHON=path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "Could not make a virtual environment. On Debian/Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing (a few minutes the first time) …"
	@$(BIN)/pip install -q -c constraints.txt "torch==2.13.0" "setuptools>=77" wheel
	@$(BIN)/pip install -q -c constraints.txt -e ".[all]"
	@touch $@

$(INSTALLED_DEV): $(INSTALLED)
	@$(BIN)/pip install -q -c constraints.txt -e ".[all,test,check]"
	@touch $@

test: install-dev
	@sh tests/prepare.sh
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

check: install-dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/henvend docs write --check
	@$(BIN)/python -m pytest -q -m "not slow" -n 2 --ignore=tests/browser --ignore=tests/journeys

bench: install-dev
	@$(BIN)/python -m tests.bench

format: install-dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: install-dev
	@$(BIN)/henvend docs write

vendor:
	@./infra/pages/vendor.sh

screenshots: install-dev
	@sh tests/prepare.sh
	@$(BIN)/python -m tests.browser.screenshots

clean:
	rm -rf $(VENV) .henvend node_modules build *.egg-info
