# Each target does its own set-up: a fresh Debian with Python 3.11 and make is enough.

BIN := .venv/bin
READY := .venv/ready
TOOLS := .tools/ready

# The tests start dozens of processes, and each would compile the project anew.
test prove: export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run demo demo-postgres test prove check bench soak lock audit chromium postgres

help: ## Show this
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 15

run: $(READY) ## Run the bot with the configuration of the environment and .env
	$(BIN)/python -m bot run

demo: $(READY) ## Try the bot on a simulated Slack and MindVideo: no account, no cost (PORT=8090)
	$(BIN)/python -m bot demo $(if $(PORT),--port $(PORT))

demo-postgres: $(READY) postgres ## The same as three processes on PostgreSQL; kill one while it renders
	$(BIN)/python -m bot demo --postgres --render-seconds 15 $(if $(PORT),--port $(PORT))

test: $(READY) chromium postgres ## Run every test but the proofs
	@$(BIN)/python -m compileall -q -j 2 bot sandbox storage tests/support  # once, and not in each process
	$(BIN)/pytest --numprocesses 3 --dist loadgroup --no-loadscope-reorder -m "not proof and not soak"

prove: $(READY) chromium postgres ## Run the attacks, each fault in each place, five hundred simulated lives, and fifty real kills
	$(BIN)/pytest -m "proof and alone" tests/hardening  # they measure how long an answer takes
	$(BIN)/pytest --numprocesses 3 --dist worksteal -m "proof and not alone"

check: $(READY) ## Lint, formatting, types, and which module may import which
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## Measure what the README promises
	$(BIN)/python -m bench

soak: $(READY) ## Run the long proofs: ten thousand seeds, hundreds of kills
	$(BIN)/python -m tests.simulation --seeds 0:10000 --jobs 2
	$(BIN)/pytest --numprocesses 4 --dist worksteal -m soak

lock: $(TOOLS) ## Write constraints.txt anew after a change of pyproject.toml: versions and hashes
	.tools/bin/python -m tools.lock

audit: $(TOOLS) ## Look for known vulnerabilities of the packages; exit code 3: they could not be looked up
	.tools/bin/python -m tools.audit

chromium:
	@scripts/get-chromium

postgres:
	@scripts/get-postgres

# Apart from the bot's environment, which holds what runs and nothing else.
$(TOOLS): tools/requirements.txt
	python3 -m venv --clear .tools
	.tools/bin/python -m pip install --quiet --requirement tools/requirements.txt
	touch $(TOOLS)

$(READY): scripts/set-up pyproject.toml constraints.txt
	scripts/set-up
