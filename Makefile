# make demo        create .venv, install, run a first experiment on phantoms
# make test        the same on fewer phantoms in one epoch, then all tests
# make test-fast   the tests that neither train nor start processes, in under a minute on 2 cores
# make lint        ruff and mypy
# make docs        the documents as a website in build/site; executes the tutorial notebook

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test test-fast lint docs clean

demo: $(VENV)/.installed
	$(BIN)/python -m xraykit.run experiments/quickstart.yaml

test: $(VENV)/.tests-installed
	$(BIN)/python -m xraykit.run experiments/quickstart.yaml training.epochs=1 explain.scored=10 \
		data.root=runs/fewer_phantoms data.phantom.patients=200 data.phantom.images=300
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --durations 10

test-fast: $(VENV)/.tests-installed
	$(BIN)/python -m pytest -m "not slow and not process" --numprocesses 2 --dist loadfile

lint: $(VENV)/.dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.docs-installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean:
	rm -rf $(VENV) build dist *.egg-info

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "xraykit needs Python 3.10 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: setup.cfg setup.py pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -e .
	touch $@

$(VENV)/.tests-installed: $(VENV)/.installed
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -e '.[test,jax]'
	touch $@

$(VENV)/.dev-installed: $(VENV)/.installed
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -e '.[dev]'
	touch $@

$(VENV)/.docs-installed: $(VENV)/.installed
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -e '.[docs]'
	touch $@
