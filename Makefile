# make run: the demo centre, the worker and the dashboard. make test: the whole suite. Both build .venv first.
PYTHON ?= python3
BIN := .venv/bin
# BUNDLE=folder: install from a wheel bundle made by `make bundle`, without a package index.
PIP_FROM := $(if $(BUNDLE),--no-index --find-links $(BUNDLE),)
PYTEST_ARGS ?=

.PHONY: run test coverage env lock bundle clean

run: env
	@exec $(BIN)/fengsui run --demo

test: env
	$(BIN)/pytest -n auto $(PYTEST_ARGS)

env: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Fengsui needs Python 3.11 or newer (this is %d.%d); try: make PYTHON=python3.12 env" % sys.version_info[:2])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FROM) --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	@touch $@

# Branch coverage of the rooms that decide what is said: at least 95 %.
coverage: env
	$(BIN)/pytest -n auto --cov=detectors --cov=connectors --cov=fengsui.alerts --cov=fengsui.metrics \
	  --cov=fengsui.ingest --cov-branch --cov-fail-under=95 --cov-report=term:skip-covered \
	  tests/detectors tests/connectors tests/alerts tests/metrics tests/ingest tests/text $(PYTEST_ARGS)

# Hashes, no URLs, every platform. Needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev --no-annotate \
	  --custom-compile-command "make lock" pyproject.toml -o requirements.lock

# Everything `make env` needs, as wheels in dist/bundle, for a machine without internet.
bundle: env
	rm -rf dist/bundle && mkdir -p dist/bundle
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements.lock -d dist/bundle
	@ls dist/bundle | wc -l | xargs -I{} echo "dist/bundle: {} wheels. On the other machine: make env BUNDLE=dist/bundle"

clean:
	rm -rf .venv dist build *.egg-info .pytest_cache .mypy_cache .ruff_cache
