# Each target installs what it needs, says so, and needs nothing but git, make, Python 3.11 and root or sudo.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-full bench check format clean

help:                 ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: $(VENV)/ready   ## a private fleet on this machine: plan, apply 10 %, count, override, revert
	@scripts/system-packages.sh nginx sshd
	@$(BIN)/nginxgen demo

# Three workers on two cores: a live test waits for a third of its time.
test: check           ## lint, types and the tests, on real sshd and nginx
	@scripts/system-packages.sh nginx sshd sudo busybox shellcheck openssl gawk mawk wrk
	@$(BIN)/pytest -n 3 --dist loadgroup

test-full: check      ## the same and the whole of every matrix: kills, faults, shells; half an hour
	@scripts/system-packages.sh nginx sshd sudo busybox shellcheck openssl prometheus systemd-analyze mawk gawk wrk chromium chromedriver
	@$(BIN)/pytest -n 2 --dist loadgroup -m "full or not full"

bench: $(VENV)/ready  ## side by side with the tools that a user would pick instead, on this machine
	@scripts/system-packages.sh nginx sshd
	@sh bench/tools.sh $(BIN)/python
	@$(BIN)/python -m bench --out docs/performance/results.json

check: $(VENV)/ready  ## format, lint and types only
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(VENV)/ready ## put the code in its format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:                ## remove what these targets made in the checkout
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build

$(VENV)/ready: pyproject.toml
	@scripts/python-venv.sh $(PYTHON) $(VENV)
	@touch $@
