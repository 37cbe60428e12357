# Needs git, make and Python 3.11 or newer; everything else goes into .venv.

PYTHON ?= python3
VENV   ?= .venv
SLURM_VENV ?= .venv-slurm
LISTENERS_VENV ?= .venv-listeners
EXECUTORS_VENV ?= .venv-executors
CONFORMANCE_VENV ?= .venv-conformance
RUN    ?= build/run
TOUR   ?= build/tour
PROFILE ?= local
BIN    := $(VENV)/bin
WF     := example_workflow
SNAKEMAKE = $(BIN)/snakemake -s $(WF)/Snakefile --directory $(RUN)

.PHONY: help demo debian-packages test test-slow test-conformance conformance-sample conformance-sample-oldest conformance-table test-faults record-faults test-matrix test-executors test-listeners test-slurm lint types format benchmarks clean wf-dryrun wf-run wf-check verify tour drill drills

# What some tests need of Debian, as root; without it they say that they were not run.
DEBIAN := rsync faketime

help:
	@echo "make demo        run the example workflow under both plugins, and print its account"
	@echo "make test        run the tests that need no root"
	@echo "make test-slow   run those of them that take minutes, too"
	@echo "make test-conformance  run every workflow of the conformance suite, bare and observed"
	@echo "make test-faults run every fault of docs/reliability.md (some need root)"
	@echo "make test-matrix run them on three versions of Snakemake, the oldest to the latest"
	@echo "make test-executors  wrap the plugins of clusters and clouds that are not here, with stand-ins"
	@echo "make test-listeners  show that snakesee hears of jobs that are announced"
	@echo "make test-slurm  run the cluster tests on a Slurm of our own (root, Debian)"
	@echo "make lint types  check style and types"
	@echo "make benchmarks  measure what observing costs"
	@echo "make wf-dryrun   show what the example workflow would do in $(RUN)"
	@echo "make wf-run      run it there (PROFILE=local, cluster-generic, strict or slurm)"
	@echo "make wf-check    run it there, and check it against $(WF)/observe.toml"
	@echo "make verify      check what it published against its manifest"
	@echo "make drill       make an incident on purpose, triage it, show the note (INCIDENT=tiny)"
	@echo "make drills      all of them, each repaired, too"
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

debian-packages:
	dpkg --status $(DEBIAN) > /dev/null 2>&1 || { apt-get update --quiet=2 && apt-get install --quiet=2 --yes $(DEBIAN); }

# Some of them alone: make test TESTS=tests/unit, or MARKS=timed
TESTS ?=
MARKS ?= not slow

test: $(VENV)/.installed
	$(BIN)/python -m pytest $(TESTS) --numprocesses 2 --dist loadscope -m '$(MARKS)'

test-slow: $(VENV)/.installed
	$(BIN)/python -m pytest --numprocesses 2 --dist loadscope -m slow

# An environment of its own: htcondor's plugin does not work beside a storage plugin.
$(CONFORMANCE_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(CONFORMANCE_VENV)
	$(CONFORMANCE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,conformance]'
	@touch $@

test-conformance: $(CONFORMANCE_VENV)/.installed
	$(CONFORMANCE_VENV)/bin/python -m pytest tests/conformance --numprocesses 2 --record

# Of the sample each, or every second: make conformance-sample EVERY=2
EVERY ?= 1

conformance-sample: $(CONFORMANCE_VENV)/.installed
	$(CONFORMANCE_VENV)/bin/python -m pytest tests/conformance --numprocesses 3 --sample --every $(EVERY)

conformance-sample-oldest:
	$(PYTHON) tests/matrix.py --versions 9.14.6 tests/conformance --numprocesses 3 --sample --every $(EVERY)

conformance-table: $(CONFORMANCE_VENV)/.installed
	$(CONFORMANCE_VENV)/bin/python tests/conformance/table.py

# Of each row one case, and few moments at which runs are killed: make test-faults FAULTS=
FAULTS ?= --whole --moments 50

test-faults: $(VENV)/.installed
	$(BIN)/python -m pytest tests/faults --numprocesses 2 $(FAULTS)

record-faults: $(VENV)/.installed
	$(BIN)/python -m pytest tests/faults --numprocesses 2 --moments 50 --record

test-matrix:
	$(PYTHON) tests/matrix.py --numprocesses 2 --dist loadscope

# An environment of its own: each of these plugins slows every start of Snakemake. Clouds need a
# storage plugin, which htcondor's does not work beside: it lies apart, and is there for the second.
$(EXECUTORS_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(EXECUTORS_VENV)
	$(EXECUTORS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,executors]'
	$(EXECUTORS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(EXECUTORS_VENV)/storage snakemake-storage-plugin-fs sysrsync toml
	@touch $@

test-executors: $(EXECUTORS_VENV)/.installed
	$(EXECUTORS_VENV)/bin/python -m pytest tests/integration/test_executors.py --numprocesses 2
	PYTHONPATH=$(CURDIR)/$(EXECUTORS_VENV)/storage $(EXECUTORS_VENV)/bin/python -m pytest tests/integration/test_executors.py -k 'kubernetes or aws or googlebatch'

# snakesee's own reader, with its logger plugin: the release of that one reads no states of jobs
# yet, so it comes from the folder that snakesee's source release has of it.
$(LISTENERS_VENV)/.installed: pyproject.toml
	rm -rf $(LISTENERS_VENV)
	$(PYTHON) -m venv $(LISTENERS_VENV)
	$(LISTENERS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,snakesee]'
	$(LISTENERS_VENV)/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary snakesee --dest $(LISTENERS_VENV)/source 'snakesee==0.9.*'
	cd $(LISTENERS_VENV)/source && tar -xzf snakesee-*.tar.gz
	$(LISTENERS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $(LISTENERS_VENV)/source/snakesee-*/snakemake-logger-plugin-snakesee
	@touch $@

test-listeners: $(LISTENERS_VENV)/.installed
	$(LISTENERS_VENV)/bin/python -m pytest tests/integration/test_listeners.py -k snakesee

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

# Also of a run that failed: what it broke is what one wants to see.
wf-check: $(VENV)/.installed
	mkdir -p $(RUN)
	$(SNAKEMAKE) --profile $(WF)/profiles/$(PROFILE); ran=$$?; \
	$(BIN)/snakemake-observe check $(WF)/observe.toml $(RUN) && exit $$ran

verify: $(VENV)/.installed
	$(BIN)/python $(WF)/verify.py $(RUN)

tour: wf-run
	$(BIN)/python $(WF)/tour.py --run $(RUN) --out $(TOUR) --snakemake $(BIN)/snakemake --observe $(BIN)/snakemake-observe --force

INCIDENT ?= tiny

drill: $(VENV)/.installed
	$(BIN)/python $(WF)/drill.py $(INCIDENT) $(if $(REPAIR),--repair)

drill-%: $(VENV)/.installed
	$(BIN)/python $(WF)/drill.py $* $(if $(REPAIR),--repair)

drills: $(VENV)/.installed
	$(BIN)/python $(WF)/drill.py --repair

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache
