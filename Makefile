# Everything a person types here. `make` alone lists it.
PYTHON ?= python3
export PYTHON
VENV := .venv/bin
PYTEST := $(VENV)/python -m pytest
SHARED := --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
PRETTIER := $(VENV)/node tests/provider/node_modules/prettier/bin/prettier.cjs --print-width 120 --log-level warn
STYLES := services/web/static/app.css
LOCK := .ci/trusting $(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: run  ## Run the whole story on this machine; ARGS=--check walks it and exits, ARGS="--folder DIR" keeps the data
	@$(VENV)/minhchuan demo $(ARGS)

test: dev node  ## Run every test; ARGS narrows them: make test ARGS=tests/domain
	@$(PYTEST) $(SHARED) -m "not slow_browser" $(ARGS) || [ $$? = 5 ]
	@$(PYTEST) $(SHARED) -m slow_browser $(ARGS) || [ $$? = 5 ]

test-quick: dev  ## Run the tests that need no browser and kill nothing
	@$(PYTEST) $(SHARED) -m "not slow_browser and not fault" $(ARGS)

check: dev node  ## Check format, lint, types, layers and texts, then run the quick tests
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/python -m tests.formatting --check
	$(PRETTIER) --check $(STYLES)
	$(VENV)/mypy
	$(VENV)/lint-imports
	$(PYTEST) -q $(SHARED) -m "not slow_browser and not fault"

bench: dev  ## Measure against the budgets; prints a table and writes build/bench.json
	@$(VENV)/python -m tests.bench $(ARGS)

kills: dev  ## Kill sealer, witnesses, web and PostgreSQL under load, 200 times; ARGS="--kills 20 --seed 7" for others
	@$(VENV)/python -m tests.fault.kills $(ARGS)

fuzz: dev  ## Send hostile requests to every address as everybody; ARGS="--requests 2000 --seed 8" for others
	@$(VENV)/python -m tests.fault.fuzz $(ARGS)

slow-bodies: dev  ## Begin 1,100 bodies without ending them, and see what others get meanwhile; ARGS="--bodies 2000" for others
	@$(VENV)/python -m tests.fault.slow $(ARGS)

memory: dev  ## Print what the web process holds in memory over 10,000 hostile requests and 20 large downloads
	@$(VENV)/python -m tests.fault.memory $(ARGS)

lock: dev  ## Write the lock files again after a change of dependencies; ARGS=--upgrade takes newer versions
	$(LOCK) $(ARGS) --output-file requirements.lock pyproject.toml
	$(LOCK) $(ARGS) --extra embedded --constraints requirements.lock --output-file requirements-embedded.lock pyproject.toml
	$(LOCK) $(ARGS) --extra dev --constraints requirements-embedded.lock --output-file requirements-dev.lock pyproject.toml
	$(LOCK) $(ARGS) --group install --output-file requirements-install.lock

assets:  ## Check that vendored scripts, styles and fonts are the very files that were taken
	@for list in $$(git ls-files '*SHA256SUMS'); do (cd $$(dirname $$list) && sha256sum --check --strict SHA256SUMS) || exit 1; done

format: dev node  ## Put the code into the house's format
	$(VENV)/ruff format .
	$(VENV)/ruff check --fix .
	$(VENV)/python -m tests.formatting
	$(PRETTIER) --write $(STYLES)

clean:  ## Take away what was built; data folders stay
	rm -rf .venv build tests/provider/node_modules *.egg-info .mypy_cache .ruff_cache .pytest_cache

run dev:
	@.ci/install $@

node: tests/provider/node_modules/.package-lock.json
tests/provider/node_modules/.package-lock.json: tests/provider/package-lock.json | dev
	@PATH="$(CURDIR)/$(VENV):$$PATH" .ci/trusting npm ci --ignore-scripts --no-audit --no-fund --prefix tests/provider

.PHONY: help demo test test-quick check bench kills fuzz slow-bodies memory lock assets format clean run dev node
