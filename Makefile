# Needs git, make and Python 3.11 or newer; everything else goes into .venv.

PYTHON ?= python3
VENV   ?= .venv
SLURM_VENV ?= .venv-slurm
CONFORMANCE_VENV ?= .venv-conformance
RUN    ?= build/run
TOUR   ?= build/tour
PROFILE ?= local
BIN    := $(VENV)/bin
WF     := example_workflow
SNAKEMAKE = $(BIN)/snakemake -s $(WF)/Snakefile --directory $(RUN)

.PHONY: help demo test test-conformance conformance-sample conformance-table test-slurm lint types format benchmarks clean wf-dryrun wf-run verify tour

help:
	@echo "make demo        run the example workflow under both plugins, and print its account"
	@echo "make test        run the tests that need no root"
	@echo "make test-conformance  run every workflow of the conformance suite, bare and observed"
	@echo "make test-slurm  run the cluster tests on a Slurm of our own (root, Debian)"
	@echo "make lint types  check style and types"
	@echo "make benchmarks  measure what observing costs"
	@echo "make wf-dryrun   show what the example workflow would do in $(RUN)"
	@echo "make wf-run      run it there (PROFILE=local, cluster-generic, strict or slurm)"
	@echo "make verify      check what it published against its manifest"
	@echo "make tour        gather one folder for a reviewer in $(TOUR)"

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,dev]'
	@touch $@

demo: $(VENV)/.installed
	rm -rf build/demo
	mkdir -p build/demo
	$(BIN)/snakemake -s $(WF)/Snakefile --directory build/demo --profile $(WF)/profiles/local --quiet rules progress host
	@echo
	$(BIN)/snakemake-observe cost build/demo

test: $(VENV)/.installed
	$(BIN)/python -m pytest --numprocesses 2 --dist loadscope

# An environment of its own: htcondor's plugin does not work beside a storage plugin.
$(CONFORMANCE_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(CONFORMANCE_VENV)
	$(CONFORMANCE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,conformance]'
	@touch $@

test-conformance: $(CONFORMANCE_VENV)/.installed
	$(CONFORMANCE_VENV)/bin/python -m pytest tests/conformance --numprocesses 2 --record

conformance-sample: $(CONFORMANCE_VENV)/.installed
	$(CONFORMANCE_VENV)/bin/python -m pytest tests/conformance --numprocesses 2 --sample

conformance-table: $(CONFORMANCE_VENV)/.installed
	$(CONFORMANCE_VENV)/bin/python tests/conformance/table.py

# An environment of its own: the slurm plugin's pandas slows every start of Snakemake.
$(SLURM_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(SLURM_VENV)
	$(SLURM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,slurm]'
	@touch $@

test-slurm: $(SLURM_VENV)/.installed
	$(SLURM_VENV)/bin/python tests/slurm/run.py

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.installed
	$(BIN)/mypy

benchmarks: $(VENV)/.installed
	for script in import_cost overhead file_operations array_fold reader; do $(BIN)/python benchmarks/$$script.py || exit; done

wf-dryrun: $(VENV)/.installed
	mkdir -p $(RUN)
	$(SNAKEMAKE) --profile $(WF)/profiles/$(PROFILE) --dry-run

wf-run: $(VENV)/.installed
	mkdir -p $(RUN)
	$(SNAKEMAKE) --profile $(WF)/profiles/$(PROFILE)

verify: $(VENV)/.installed
	$(BIN)/python $(WF)/verify.py $(RUN)

tour: wf-run
	$(BIN)/python $(WF)/tour.py --run $(RUN) --out $(TOUR) --snakemake $(BIN)/snakemake --observe $(BIN)/snakemake-observe --force

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache
