# demo: small synthetic challenges, of clips and of groups, each to a checked submission
# test: the whole suite, one process per core      lint: ruff and mypy      bench: the figures of docs/benchmarks.md
# test-gpu: what a GPU answers beside what the processor does; skipped where there is none
# docs: the site, into docs/_build/html; a broken link or reference is an error
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WEIGHTS := centerface

SITE := docs/_build/html

.PHONY: demo test test-gpu lint bench docs format clean

demo: $(READY)
	$(BIN)/emotiw demo demo

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

test-gpu: $(READY)
	$(BIN)/python -m pytest -m gpu tests

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)
	$(BIN)/python -c 'import furo, myst_parser, sphinx' 2>/dev/null || \
	  $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d docs/_build/doctrees docs $(SITE)
	$(BIN)/python docs/links.py $(SITE)

bench: $(READY)
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "emotiw needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(BIN)/emotiw weights fetch $(WEIGHTS) || echo "goes on without: faces are found by MTCNN, which misses every third in groups"
	@touch $(READY)

clean:
	rm -rf $(VENV) demo docs/_build .mypy_cache .pytest_cache .ruff_cache
