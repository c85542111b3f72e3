# make rebalance          this week's rebalance (on the loopback exchange unless Alpaca keys are set)
# make rebalance WEEKS=8  eight weekly rebalances on the loopback exchange's virtual clock
# make test               every check that CI runs
STRATEGY ?= risk_parity
WEEKS    ?=
PYTHON   ?= $(shell command -v python3.11 || command -v python3)
VENV     := .venv
BIN      := $(VENV)/bin

PORT     ?=

.PHONY: help rebalance serve plan status results test thorough kill-test kill-matrix crowd drive bench lint format lock clean fresh
help:
	@sed -n '1,3s/^# //p' Makefile
	@echo 'make serve              the schedule on this machine: server, deployments, worker; until Ctrl-C (PORT=4200)'
	@echo 'make plan               the same decision, nothing sent'
	@echo 'make status             where the strategy stands'
	@echo 'make results            the figures and the table of the README anew, from the bundled prices'
	@echo 'make bench              the optimiser beside its peers, about half an hour (BENCH="minimum --rounds 15")'
	@echo 'make thorough           make test, and what takes it too long'
	@echo 'make kill-test          a rebalance killed at every write and every request, and run again'
	@echo 'make crowd              the warehouse with four writers, four readers, and a hundred writers killed'
	@echo 'make kill-matrix        riskparity serve with flow, worker, server or all of it killed in the middle; about an hour'
	@echo 'make drive              twenty years of weekly rebalances with everything going wrong'
	@echo 'make lint | format      check | mend the style'
	@echo 'make lock               resolve requirements.lock anew (needs uv)'
	@echo 'make fresh              forget all state (deletes data/)'

rebalance: $(VENV)/.ready
	@$(BIN)/riskparity run $(STRATEGY) rebalance $(if $(WEEKS),--weeks $(WEEKS))

serve: $(VENV)/.ready
	@exec $(BIN)/riskparity serve $(if $(PORT),--port $(PORT))

plan status: $(VENV)/.ready
	@$(BIN)/riskparity run $(STRATEGY) $@

results: $(VENV)/.ready
	@$(BIN)/python -m flows.results

test: $(VENV)/.ready-test lint
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

thorough: $(VENV)/.ready-test lint
	THOROUGH=1 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

kill-test: $(VENV)/.ready-test
	KILL=everywhere $(BIN)/pytest -n 2 tests/crash

crowd: $(VENV)/.ready-test
	CROWD_SECONDS=60 CROWD_KILLS=100 $(BIN)/pytest -q -s tests/warehouse/test_crowd.py

# KILL: who is to die, e.g. KILL='server' or KILL='"flow process" worker'
kill-matrix: $(VENV)/.ready-test
	@$(BIN)/python -m tests.operate.killing $(KILL)

drive: $(VENV)/.ready-test
	@$(BIN)/python -m tests.e2e

# BENCH: words for `python -m bench`, e.g. BENCH=--help
bench: $(VENV)/.ready-bench
	@$(BIN)/python -m bench $(BENCH)

lint: $(VENV)/.ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/interrogate -q

format: $(VENV)/.ready-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The lock pins versions; pyproject.toml says which of them are needed. uv when it is there, else pip.
INSTALL = if command -v uv >/dev/null; then uv pip install -q -p $(BIN)/python -c requirements.lock $(1); \
          else $(BIN)/python -m pip install -q --disable-pip-version-check -c requirements.lock $(1); fi

$(BIN)/python:
	@echo 'Preparing .venv (once) ...'
	@if command -v uv >/dev/null; then uv venv -q -p $(PYTHON) $(VENV); else $(PYTHON) -m venv $(VENV); fi

$(VENV)/.ready: $(BIN)/python pyproject.toml requirements.lock
	@$(call INSTALL,-e .)
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready $(VENV)/.ready-foreign
	@$(call INSTALL,-e '.[test]')
	@touch $@

# What others wrote and the exchange is tested against, each in a folder of its own: beside Prefect it cannot be
# installed. Alpaca's OpenAPI documents, the Python client that Alpaca retired, and its JavaScript client of today.
FOREIGN = if command -v uv >/dev/null; then uv pip install -q -p $(BIN)/python --target $(VENV)/foreign/$(1) $(2); \
          else $(BIN)/python -m pip install -q --disable-pip-version-check --target $(VENV)/foreign/$(1) $(2); fi

$(VENV)/.ready-foreign: $(BIN)/python
	@rm -rf $(VENV)/foreign
	@$(call FOREIGN,specs,--no-deps alpaca-mcp-server==2.4.0)
	@$(call FOREIGN,legacy,--no-deps alpaca-trade-api==3.2.0 deprecation==2.1.0 websocket-client==1.9.2)
	@$(call FOREIGN,legacy-needs,aiohttp==3.14.5)
	@if command -v npm >/dev/null; then npm install --silent --prefix $(VENV)/foreign/js --ignore-scripts --no-audit \
	  --no-fund --no-package-lock @alpacahq/alpaca-trade-api@4.0.2; fi
	@touch $@

$(VENV)/.ready-bench: $(VENV)/.ready
	@$(call INSTALL,-e '.[bench]')
	@touch $@

lock:
	echo 'duckdb==1.5.6' | uv pip compile -q --universal --python-version 3.11 --all-extras --no-header --no-annotate \
	  --no-emit-index-url -c - pyproject.toml -o requirements.lock

fresh:
	rm -rf data

clean: fresh
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
