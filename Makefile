# Each target sets up what it needs: Python 3.11, node 20 and git are all that a machine must have.
PYTHON ?= python3
BIN := .venv/bin
NODE := bot/sandbox/actions
JUDGES := .cache/judges
PEERS := .cache/peers
RECORDS := .cache/records

.PHONY: demo test faults judges quick bench bench-alike bench-gpu check snapshots lock clean
.DELETE_ON_ERROR:

demo: .venv/ready ## the whole loop with real training, on this machine
	$(BIN)/python -m bot demo

test: check judges ## everything that must hold before a change lands
	rm -rf $(RECORDS)
	SANDBOX_RECORD=$(CURDIR)/$(RECORDS) $(BIN)/pytest --numprocesses 2 --dist loadfile \
		-m "not alone" --ignore tests/judged
	SANDBOX_RECORD=$(CURDIR)/$(RECORDS) $(BIN)/pytest -m alone
	touch $(RECORDS)/complete
	$(BIN)/pytest tests/judged --records $(RECORDS)

faults: .venv/ready ## the loop under every seeded plan of what goes wrong; half an hour
	FAULT_PLANS=all $(BIN)/pytest --numprocesses 2 --dist worksteal tests/faults/test_plans.py

judges: $(addprefix $(JUDGES)/,rest.json webhooks.json schema.graphql examples.json) ## GitHub's descriptions of itself

quick: .venv/ready ## the tests that need no servers and no training, about a minute
	$(BIN)/pytest --numprocesses 2 -m "not slow"

bench: .venv/ready $(PEERS)/ready ## how fast sandbox and trainer are, beside peers in the same run; minutes
	$(BIN)/python -m tests.bench.sandbox
	$(BIN)/python -m tests.bench.ring
	$(BIN)/python -m tests.bench.trainer
	$(BIN)/python -m tests.bench.report
	$(BIN)/python -m tests.bench.verdicts
	$(BIN)/python -m tests.bench.several

bench-alike: .venv/ready ## how often verdicts are wrong on 600 real runs that differ in the seed alone; minutes
	$(BIN)/python -m tests.bench.alike

bench-gpu: .venv/ready $(PEERS)/ready ## how fast the trainer is on a GPU, beside peers in the same run
	$(BIN)/python -m tests.bench.trainer --gpu

check: .venv/ready ## formatting, lint, types and the import rule
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

snapshots: .venv/ready ## write anew what replies look like; read the difference before you commit it
	REWRITE_SNAPSHOTS=1 $(BIN)/pytest tests/bot/test_comments.py tests/bot/test_conversations.py \
		tests/bot/test_readme.py tests/bot/test_configuration.py tests/trainer/test_pages.py

lock: .venv/ready ## pin what the action installs, with hashes, at the versions of requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-header --no-annotate --constraint requirements.txt \
		--output-file bot/requirements.txt pyproject.toml

.venv/ready: requirements.txt $(NODE)/package-lock.json
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	npm ci --silent --prefix $(NODE)
	touch $@

# The training frameworks that the bench compares with; a minute, 1.1 GB.
$(PEERS)/ready: requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check lightning==2.6.6 \
		accelerate==1.15.0 $$(grep -E '^(torch|pydantic|pyyaml)==' requirements.txt)
	touch $@

# One file out of a package of @octokit, some of which are far too large to be installed.
define take # package, version, file
	mkdir -p $(@D)
	npm pack --silent --pack-destination $(@D) @octokit/$(1)@$(2)
	tar -xzOf $(@D)/octokit-$(1)-$(2).tgz package/$(3) > $@
	rm $(@D)/octokit-$(1)-$(2).tgz
endef

$(JUDGES)/rest.json: Makefile
	$(call take,openapi,23.0.2,generated/api.github.com.json)

$(JUDGES)/webhooks.json: Makefile
	$(call take,openapi-webhooks,12.1.0,generated/api.github.com.json)

$(JUDGES)/schema.graphql: Makefile
	$(call take,graphql-schema,15.26.1,schema.graphql)

$(JUDGES)/examples.json: Makefile
	$(call take,webhooks-examples,7.6.1,api.github.com/index.json)

clean: ## remove what the other targets made
	rm -rf .venv .cache demo wandb $(NODE)/node_modules .mypy_cache .ruff_cache .pytest_cache
