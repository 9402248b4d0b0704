# Each target does its own set-up: a fresh Debian with Python 3.11 and make is enough.

BIN := .venv/bin
READY := .venv/ready

.PHONY: help run demo test prove check bench soak chromium

help: ## Show this
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 10

run: $(READY) ## Run the bot with the configuration of the environment and .env
	$(BIN)/python -m bot run

demo: $(READY) ## Try the bot on a simulated Slack and MindVideo: no account, no cost (PORT=8090)
	$(BIN)/python -m bot demo $(if $(PORT),--port $(PORT))

test: $(READY) chromium ## Run every test but the proofs
	$(BIN)/pytest --numprocesses 4 --dist worksteal -m "not proof and not soak"

prove: $(READY) ## Run two thousand simulated lives full of faults, and forty real kills
	$(BIN)/pytest --numprocesses 4 --dist worksteal -m proof

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

chromium:
	@scripts/get-chromium

$(READY): scripts/set-up pyproject.toml constraints.txt
	scripts/set-up
