# make demo   .venv, install, a first experiment on made-up radiographs
# make test   the same on fewer phantoms in one epoch, then the tests
# make lint   ruff and mypy

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint clean

demo: $(VENV)/.installed
	$(BIN)/python -m xraykit.run experiments/quickstart.yaml

test: $(VENV)/.tests-installed
	$(BIN)/python -m xraykit.run experiments/quickstart.yaml training.epochs=1 explain.scored=10 \
		data.root=runs/fewer_phantoms data.phantom.patients=200 data.phantom.images=300
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --durations 10

lint: $(VENV)/.dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

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
