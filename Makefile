# finley's commands. Each makes .venv/ first where it needs one.
#   ARGS   more arguments for the program behind a target:  make test ARGS="-k view"
#   DATA   a folder of data for the demo:                   make demo DATA=~/books
#   PORT   where serve listens (8000)
#   CLIENT the folder that client makes (finley-client)

PYTHON := .venv/bin/python
PORT ?= 8000
CLIENT ?= finley-client
# Settings as in production, for what `manage.py check --deploy` looks at.
PRODUCTION = FINLEY_PRODUCTION=1 FINLEY_ALLOWED_HOSTS=finley.example.com \
	FINLEY_SECRET_KEY="$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(50))')"
# Twice as many processes as the two cores of CI: many tests wait for a child or for a timeout.
TEST = $(PYTHON) -m pytest -n 4 --dist worksteal --durations 10
COMPILE = uv pip compile pyproject.toml --universal --python-version 3.12 --generate-hashes \
	--no-emit-index-url --no-header

# Compiled modules are kept: the children of tests would each compile finley anew, for 0.7 s.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv venv-dev demo serve test test-all test-networkx check bench fuzz-api assets client docs modules audit requirements clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

venv: ## Make .venv with what finley needs to run
	@scripts/bootstrap.sh

venv-dev: ## Make .venv with what its tests and checks need too
	@scripts/bootstrap.sh --dev

demo: venv ## Show finley on its example books, or on DATA
	@$(PYTHON) manage.py demo $(if $(DATA),--data "$(DATA)") $(ARGS)

serve: venv ## Serve the API on 127.0.0.1:PORT
	@$(PYTHON) manage.py serve --port $(PORT) $(ARGS)

test: venv-dev ## Run the tests, but for the thorough ones
	$(TEST) -m "not thorough" $(ARGS)

test-all: venv-dev ## Run every test: real books, 2,500 examples a property, 200 damaged files a format, networkx's own suite
	HYPOTHESIS_PROFILE=thorough FINLEY_MUTATIONS=200 COVERAGE_CORE=sysmon $(TEST) --cov --cov-report=term:skip-covered $(ARGS)
	$(MAKE) test-networkx

test-networkx: venv-dev ## Run networkx's own tests with finley as its backend
	cd .venv && NETWORKX_TEST_BACKEND=finley NETWORKX_FALLBACK_TO_NX=1 bin/python -m pytest -c /dev/null \
		-p no:cacheprovider -p no:django -q -rx --pyargs networkx $(ARGS)

check: venv-dev ## Everything that CI asks: style, types, layers, migrations, deployment, tests
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy
	.venv/bin/lint-imports
	$(PYTHON) manage.py makemigrations --check --dry-run
	.venv/bin/zensical build --strict
	@echo "manage.py check --deploy, with settings as in production"
	@$(PRODUCTION) $(PYTHON) manage.py check --deploy --fail-level WARNING
	$(TEST) -m "not thorough" $(ARGS)

bench: venv-dev ## Measure finley against the ten-fetch way, and the columnar graph
	@$(PYTHON) -m benchmarks.ten_fetches $(ARGS)
	@$(PYTHON) -m benchmarks.graph $(ARGS)

fuzz-api: venv-dev ## Schemathesis over the running service, more than 20,000 cases
	@$(PYTHON) -m benchmarks.fuzz $(ARGS)

assets: venv-dev ## Fetch what draws the explorer, and what its tests need, from npm
	@$(PYTHON) scripts/assets.py --tests

client: venv-dev ## Make a Python client of the API from its schema, in CLIENT
	@$(PYTHON) scripts/client.py $(CLIENT)
	@echo "$(CLIENT) is there: install it with pip, then import finley_client"

modules: venv ## List every module with what it is for, or those of ARGS=FOLDER
	@$(PYTHON) scripts/modules.py $(ARGS)

docs: venv-dev ## Build the documentation as a site, strict about links, in build/docs
	.venv/bin/zensical build --strict

audit: venv-dev ## Bill of materials, licences, known vulnerabilities, unused requirements
	@$(PYTHON) scripts/supply_chain.py --sbom sbom.cdx.json $(ARGS)

requirements: ## Pin what pyproject.toml asks for, with hashes (needs uv)
	@command -v uv >/dev/null || { echo "requirements are compiled by uv: install it first" >&2; exit 1; }
	$(COMPILE) --quiet -o requirements.txt
	$(COMPILE) --quiet --extra dev -o requirements-dev.txt

clean: ## Remove .venv and caches; databases in .finley stay
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
