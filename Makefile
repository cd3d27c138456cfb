# Python 3.11 or newer and make are all this needs. Name another interpreter with `make PYTHON=… run`.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
TESTS := $(VENV)/.tests
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Without compiled modules each process compiles all of them anew, which takes as long as the rest of its start.
unexport PYTHONDONTWRITEBYTECODE
# Many tests wait for something: one process more than cores keeps two cores busy.
PROCESSES ?= 3

.DEFAULT_GOAL := run
.PHONY: run test lint fmt bench soak fuzz audit demo-site browser messages screenshots

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

$(TESTS): requirements.txt requirements-oidc.txt requirements-dev.txt $(VENV)/.made
	@echo "Installing what requirements-dev.txt names …"
	@$(PIP) -r requirements-dev.txt
	@touch $(RUNS) $@

test: $(TESTS) browser  ## Every test; the long forms are `make soak` and `make fuzz`
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadgroup --no-loadscope-reorder

browser:  # The browser tests say themselves how to enable them where this may not install anything
	@scripts/chromium

lint: $(TESTS)  ## Style, types, layers, no migration missing, no package unpinned or known to be unsafe
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	DATA_DIR=$$(mktemp -d) DEMO=off $(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python scripts/dependencies.py

fmt: $(TESTS)  ## Puts imports and layout right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(TESTS)  ## The figures of docs/performance.md, measured here
	@$(BIN)/python -m benchmarks

soak: $(TESTS)  ## Long runs with kills and thousands of downloads
	@$(BIN)/python -m pytest -m soak -s --timeout 7200

fuzz: $(TESTS)  ## Long runs with generated input: 100,000 names and paths, every property, every API operation; 20 minutes
	@HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -n $(PROCESSES) -m hypothesis tests/library/test_naming.py --timeout 1200
	@HYPOTHESIS_PROFILE=medium $(BIN)/python -m pytest -n $(PROCESSES) --dist loadgroup --timeout 600 \
		-m "hypothesis and not browser and not soak" --ignore tests/library/test_naming.py --ignore tests/fuzz
	@FUZZ_EXAMPLES=100 $(BIN)/python -m pytest -n $(PROCESSES) tests/fuzz --timeout 600

audit: $(TESTS)  ## Asks the public database of advisories about every package; needs the network
	@$(PIP) pip-audit
	@$(BIN)/python -m pip_audit -r requirements.txt -r requirements-oidc.txt

messages: $(RUNS)  ## Gathers every text for translators, and compiles what is translated; needs Debian's gettext
	@$(BIN)/python manage.py makemessages --locale de --no-location --no-wrap --no-obsolete --verbosity 0 --ignore .venv --ignore tests --ignore benchmarks
	@msgfmt --check --statistics --output-file aniworld/locale/de/LC_MESSAGES/django.mo aniworld/locale/de/LC_MESSAGES/django.po

screenshots: $(TESTS) browser  ## Every page as a picture, in screenshots/; those of the README in docs/images/
	@$(BIN)/python -m tests.browser.screenshots

demo-site: $(RUNS)  ## The demo catalogue and its hosts alone
	@exec $(BIN)/python manage.py demo_site
