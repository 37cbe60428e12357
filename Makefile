# Needs git, make and Python 3.11 or newer; everything else goes into .venv.

PYTHON ?= python3
VENV   ?= .venv
SLURM_VENV ?= .venv-slurm
LISTENERS_VENV ?= .venv-listeners
EXECUTORS_VENV ?= .venv-executors
FRAMES_VENV ?= .venv-frames
CONFORMANCE_VENV ?= .venv-conformance
RUN    ?= build/run
TOUR   ?= build/tour
PROFILE ?= local
BIN    := $(VENV)/bin
WF     := example_workflow
SNAKEMAKE = $(BIN)/snakemake -s $(WF)/Snakefile --directory $(RUN)

# What is compiled is kept: otherwise each start of Snakemake compiles the plugins again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo debian-packages test test-timed test-slow test-conformance conformance-sample conformance-sample-oldest conformance-table test-faults record-faults record-privacy fuzz test-matrix test-executors test-frames test-listeners test-slurm lint types format bench bench-short benchmarks clean wf-dryrun wf-run wf-check verify tour drill drills

# Debian packages that some tests need, installed as root; without them these tests are skipped. bench-short
# cannot do without valgrind.
DEBIAN := rsync faketime chromium valgrind

help:
	@echo "make demo        run the example workflow with both plugins and print where its time went"
	@echo "make test        run the unit and integration tests (no root; under five minutes)"
	@echo "make test-timed  check how long real runs took (three minutes, on an idle machine)"
	@echo "make test-slow   run the integration tests that take minutes each"
	@echo "make test-conformance  run every workflow of the conformance suite, bare and observed"
	@echo "make test-faults run every fault of docs/reliability.md (some need root)"
	@echo "make fuzz        run the reader on many mutants of journals (RUNS=, SEED=, JOURNALS=folder)"
	@echo "make test-matrix run the tests on three versions of Snakemake, the oldest to the latest"
	@echo "make test-executors  run the plugins of other clusters and clouds against stand-ins"
	@echo "make test-frames check that pandas, polars, pyarrow and DuckDB take the tables as they are"
	@echo "make test-listeners  check that snakesee receives the announced job states"
	@echo "make test-slurm  install Slurm, start a small cluster, run the cluster tests (root, Debian)"
	@echo "make lint types  check style and types"
	@echo "make bench       compare what observing costs with other plugins (BENCH=--only imports)"
	@echo "make bench-short count instructions, compare them with known figures (RENEW=yes: write these)"
	@echo "make benchmarks  measure what other claims of the documentation rest on"
	@echo "make wf-dryrun   show what the example workflow would do in $(RUN)"
	@echo "make wf-run      run it there (PROFILE=local, cluster-generic, strict or slurm)"
	@echo "make wf-check    run it there, and check it against $(WF)/observe.toml"
	@echo "make verify      check its published files against their manifest"
	@echo "make drill       make an incident on purpose, triage it, show the note (INCIDENT=tiny, FIX=yes)"
	@echo "make drills      make every incident, and carry out each fix"
	@echo "make tour        gather one folder for a reviewer in $(TOUR)"

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,page,plot,dev]'
	@touch $@

demo: $(VENV)/.installed
	rm -rf build/demo
	mkdir -p build/demo
	$(BIN)/snakemake -s $(WF)/Snakefile --directory build/demo --profile $(WF)/profiles/local --quiet rules progress host
	@echo
	$(BIN)/snakemake-observe cost build/demo
	@echo
	$(BIN)/snakemake-observe report build/demo -o build/demo/report.html

debian-packages:
	dpkg --status $(DEBIAN) > /dev/null 2>&1 || { apt-get update --quiet=2 && apt-get install --quiet=2 --yes $(DEBIAN); }

# A part of them: make test TESTS=tests/unit, or make test-timed TESTS=tests/integration/test_truth.py
TESTS ?=
# In the files' order, in which the real runs come first: none is left for the end, when other processes have no more to do.
PYTEST = $(BIN)/python -m pytest $(TESTS) --dist loadscope --no-loadscope-reorder

# They spend much of their time waiting, so more of them run at a time than there are cores.
# Exit code 5: TESTS contains none of them.
PROCESSES ?= 4

test: $(VENV)/.installed
	$(PYTEST) --numprocesses $(PROCESSES) -m 'not slow and not timed' || [ $$? -eq 5 ]

# These check how long real runs took, so nothing else may run at the same time.
test-timed: $(VENV)/.installed
	$(PYTEST) --numprocesses 2 -m 'timed and not slow' || [ $$? -eq 5 ]

test-slow: $(VENV)/.installed
	$(BIN)/python -m pytest --numprocesses 2 --dist loadscope -m slow

# A separate environment: htcondor's plugin does not work next to a storage plugin.
$(CONFORMANCE_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(CONFORMANCE_VENV)
	$(CONFORMANCE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,conformance]'
	@touch $@

# With what gives time back switched on: make test-conformance CONFORMANCE=--switches
CONFORMANCE ?= --record

test-conformance: $(CONFORMANCE_VENV)/.installed
	$(CONFORMANCE_VENV)/bin/python -m pytest tests/conformance --numprocesses 2 $(CONFORMANCE)

# Every workflow of the sample, half of them with our switches on, or every second one: EVERY=2
EVERY ?= 1

conformance-sample: $(CONFORMANCE_VENV)/.installed
	$(CONFORMANCE_VENV)/bin/python -m pytest tests/conformance --numprocesses 3 --sample --every $(EVERY)

conformance-sample-oldest:
	$(PYTHON) tests/matrix.py --versions 9.14.6 tests/conformance --numprocesses 3 --sample --every $(EVERY)

conformance-table: $(CONFORMANCE_VENV)/.installed
	$(CONFORMANCE_VENV)/bin/python tests/conformance/table.py

# One case per row, and fewer moments at which runs are killed: make test-faults FAULTS=
FAULTS ?= --whole --moments 50

test-faults: $(VENV)/.installed
	$(BIN)/python -m pytest tests/faults --numprocesses 2 $(FAULTS)

record-faults: $(VENV)/.installed
	$(BIN)/python -m pytest tests/faults --numprocesses 2 --moments 50 --record

record-privacy: $(VENV)/.installed
	PYTHONPATH=tests/helpers $(BIN)/python tests/helpers/privacy_table.py

# One case again: make fuzz SEED=1 FIRST=273 RUNS=1
RUNS ?= 20000
SEED ?= 1
FIRST ?= 0
JOURNALS ?=

fuzz: $(VENV)/.installed
	$(BIN)/python tests/fuzz/fuzz.py --seed $(SEED) --first $(FIRST) --runs $(RUNS) $(if $(JOURNALS),--journals $(JOURNALS))

test-matrix:
	$(PYTHON) tests/matrix.py --numprocesses 2 --dist loadscope

# A separate environment, because each of these plugins slows every start of Snakemake. Clouds need a
# storage plugin, which breaks htcondor's: it is kept apart, and on the path for the second call only.
$(EXECUTORS_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(EXECUTORS_VENV)
	$(EXECUTORS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,executors]'
	$(EXECUTORS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(EXECUTORS_VENV)/storage snakemake-storage-plugin-fs sysrsync toml
	@touch $@

test-executors: $(EXECUTORS_VENV)/.installed
	$(EXECUTORS_VENV)/bin/python -m pytest tests/integration/test_executors.py --numprocesses 2
	PYTHONPATH=$(CURDIR)/$(EXECUTORS_VENV)/storage $(EXECUTORS_VENV)/bin/python -m pytest tests/integration/test_executors.py --numprocesses 2 -k 'kubernetes or aws or googlebatch'

# A separate environment: these are large.
$(FRAMES_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(FRAMES_VENV)
	$(FRAMES_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,frames]'
	@touch $@

test-frames: $(FRAMES_VENV)/.installed
	$(FRAMES_VENV)/bin/python -m pytest tests/unit/observe/views

# snakesee's own reader, with its logger plugin. The plugin's release does not read job states
# yet, so it is installed from its folder in snakesee's source release.
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

# A separate environment: the slurm plugin's pandas slows every start of Snakemake.
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

# Which Python makes the environments of what is compared; flowo needs 3.12.
BENCH_PYTHON ?= $(PYTHON)
BENCH ?=

bench: $(VENV)/.installed
	PYTHONPATH=benchmarks $(BIN)/python -m bench --python $(BENCH_PYTHON) $(BENCH)

RENEW ?=

bench-short: $(VENV)/.installed
	$(BIN)/python benchmarks/short.py $(if $(RENEW),--renew)

benchmarks: $(VENV)/.installed
	for script in file_operations array_fold; do $(BIN)/python benchmarks/$$script.py || exit; done

wf-dryrun: $(VENV)/.installed
	mkdir -p $(RUN)
	$(SNAKEMAKE) --profile $(WF)/profiles/$(PROFILE) --dry-run

wf-run: $(VENV)/.installed
	mkdir -p $(RUN)
	$(SNAKEMAKE) --profile $(WF)/profiles/$(PROFILE)

# A failed run is checked, too: that is when the failing lines are most useful.
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
	$(BIN)/python $(WF)/drill.py $(INCIDENT) $(if $(FIX),--fix)

drill-%: $(VENV)/.installed
	$(BIN)/python $(WF)/drill.py $* $(if $(FIX),--fix)

drills: $(VENV)/.installed
	$(BIN)/python $(WF)/drill.py --fix

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache
