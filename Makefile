# Each target sets up what it needs: Python 3.11, node 20 and git are all that a machine must have.
PYTHON ?= python3
BIN := .venv/bin
NODE := bot/sandbox/actions

.PHONY: demo test quick check snapshots lock clean

demo: .venv/ready ## the whole loop with real training, on this machine
	$(BIN)/python -m bot demo

test: check ## everything that must hold before a change lands
	$(BIN)/pytest

quick: .venv/ready ## the tests that need no servers and no training, under a minute
	$(BIN)/pytest --numprocesses 2 -m "not slow"

check: .venv/ready ## formatting, lint, types and the import rule
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

snapshots: .venv/ready ## write anew what replies look like; read the difference before you commit it
	REWRITE_SNAPSHOTS=1 $(BIN)/pytest tests/bot/test_comments.py tests/bot/test_readme.py

lock: .venv/ready ## pin what the action installs, with hashes, at the versions of requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-header --no-annotate --constraint requirements.txt \
		--output-file bot/requirements.txt pyproject.toml

.venv/ready: requirements.txt $(NODE)/package-lock.json
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	npm ci --silent --prefix $(NODE)
	touch $@

clean: ## remove what the other targets made
	rm -rf .venv demo wandb $(NODE)/node_modules .mypy_cache .ruff_cache .pytest_cache
