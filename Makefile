# Python 3.11 or newer and make are all this needs. Name another interpreter with `make PYTHON=… run`.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
TESTS := $(VENV)/.tests
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PROCESSES ?= 2

.DEFAULT_GOAL := run
.PHONY: run test lint fmt bench soak fuzz demo-site browser

run: $(RUNS)  ## Installs what is missing and starts everything
	@exec $(BIN)/python manage.py up

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed (Debian: apt install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(RUNS): requirements.txt $(VENV)/.made
	@echo "Installing what requirements.txt names …"
	@$(PIP) -r requirements.txt
	@touch $@

$(TESTS): requirements.txt requirements-dev.txt $(VENV)/.made
	@echo "Installing what requirements-dev.txt names …"
	@$(PIP) -r requirements-dev.txt
	@touch $(RUNS) $@

test: $(TESTS) browser  ## Every test; the long forms are `make soak` and `make fuzz`
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadgroup

browser:  # The browser tests say themselves how to enable them where this may not install anything
	@scripts/chromium

lint: $(TESTS)  ## Style, types, layers, and that no migration is missing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	DATA_DIR=$$(mktemp -d) DEMO=off $(BIN)/python manage.py makemigrations --check --dry-run

fmt: $(TESTS)  ## Puts imports and layout right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(TESTS)  ## The figures of docs/performance.md, measured here
	@$(BIN)/python -m benchmarks

soak: $(TESTS)  ## Long runs with kills and thousands of downloads
	@$(BIN)/python -m pytest -m soak --timeout 7200

fuzz: $(TESTS)  ## Long runs of the property tests
	@HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest tests -m "not processes and not browser and not soak" -k "hypothesis or property or fuzz or hostile" --timeout 3600

demo-site: $(RUNS)  ## The demo catalogue and its hosts alone
	@exec $(BIN)/python manage.py demo_site
