"""Internal errors in the plugins give one warning and change nothing else: injected into real runs."""

import inspect
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from fault_table import fault
from harness import injected, ours, seen, warnings
from journal_files import fields_of
from lab import BOTH, Lab, attempts_of

from snakemake_executor_plugin_timed.main_side import MainSide
from snakemake_executor_plugin_timed.timing import Observer

OBSERVE, TIMED = "snakemake_logger_plugin_observe", "snakemake_executor_plugin_timed"
WORKFLOW = """
    rule all:
        input: "a.txt", "b.txt"
    rule a:
        output: "a.txt"
        priority: 1
        shell: "touch {output}"
    rule b:
        input: "a.txt"
        output: "b.txt"
        localrule: True
        shell: "touch {output}"
"""
LOCAL = ("--cores", "1")
AsBare = Callable[..., list[str]]
THE_WARNING = "snakemake-observe: internal error, the run goes on: RuntimeError: injected"


def flags(lab: Lab, far: bool, observed: bool) -> list[str]:
    """Return the flags of a run on this machine, or *far*, on a small simulated cluster."""
    plugins = list(BOTH) if observed else []
    if not far:
        return ["--cores", "1", *plugins]
    arguments = list(lab.cluster())
    if not observed:
        arguments[arguments.index("--timed-wraps")] = "--executor"
    return [*arguments, *plugins]


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], dict[str, Any]]:
    """Return the output of the bare run, local or remote, which no injected fault reaches."""

    @cache
    def of(far: bool) -> dict[str, Any]:
        lab = Lab(tmp_path_factory.mktemp("bare"))
        lab.snakefile(WORKFLOW)
        return seen(lab, lab.snakemake(*flags(lab, far, observed=False)))

    return of


@pytest.fixture
def as_bare(lab: Lab, bare: Callable[[bool], dict[str, Any]]) -> AsBare:
    """Return a check that a run with a fault in it equals the bare run; it returns our warnings."""

    def hold(environment: dict[str, str], *, far: bool = False) -> list[str]:
        lab.snakefile(WORKFLOW)
        done = lab.snakemake(*flags(lab, far, observed=True), check=False, **environment)
        assert seen(lab, done) == bare(far)
        return warnings(done.stderr)

    return hold


# -- what is injected where ----------------------------------------------------------------------

LOGGER = {
    "emit": (f"{OBSERVE}.recording.log_listener", "LogListener.take"),
    "close": (f"{OBSERVE}.recording.session", "Session.api_closed"),
    "the filter": (f"{OBSERVE}.recording.log_records", "note_of"),
    "reading a job": (f"{OBSERVE}.recording.job_descriptions", "JobReader.describe"),
    "counting what was planned": (f"{OBSERVE}.recording.dag_counts", "DagReader.read"),
}


@fault(
    "our log handler raises in `emit` or `close`, or our filter on Snakemake's logger raises",
    snakemake="as bare, with one warning at most",
    journal="the run, without what was missed, or with a `gap` for it",
)
@pytest.mark.parametrize("where", LOGGER)
def test_a_log_handler_that_raises(lab: Lab, as_bare: AsBare, where: str) -> None:
    printed = as_bare(injected(*LOGGER[where]))
    assert printed in ([], [THE_WARNING])


# The last two return the wrapped executor's own coroutines, and have nothing else of theirs to guard.
NO_STAMPS = {"fault", "check", "sleep"}
METHODS = [
    name
    for name, _ in inspect.getmembers(Observer, inspect.isfunction)
    if not name.startswith("_") and name not in NO_STAMPS
]
ON_THE_CLUSTER = {"reported", "first_sign", "record_for", "accepted"}


@fault(
    "any method that takes stamps in the main process raises",
    snakemake="as bare, with one warning",
    journal="the run to its end, a `gap` with the reason; stretches without a breakdown are `unobserved`",
)
@pytest.mark.parametrize("method", METHODS)
def test_a_stamp_in_the_main_process_that_raises(lab: Lab, as_bare: AsBare, method: str) -> None:
    far = method in ON_THE_CLUSTER
    printed = as_bare(injected(f"{TIMED}.main_side", f"MainSide.{method}"), far=far)
    if method == "cancelling":  # nothing was cancelled
        assert printed == []
        return
    assert printed == [THE_WARNING]
    run = lab.run()
    assert run.status() == "success"
    assert "RuntimeError: injected" in run.gaps


def test_every_method_that_takes_stamps_is_guarded() -> None:
    for name in METHODS:
        assert hasattr(getattr(MainSide, name), "__wrapped__"), name


@fault(
    "any method that takes stamps on the node raises",
    snakemake="as bare; the job does not notice",
    journal="the attempt, `success`, with the reason why node phases are missing",
)
@pytest.mark.parametrize(
    "method", ["attach", "submitting", "stage", "reported", "finished", "filter", "leave"]
)
def test_a_stamp_on_the_node_that_raises(lab: Lab, as_bare: AsBare, method: str) -> None:
    name = "_listen" if method == "filter" else method
    environment = injected(f"{TIMED}.node", f"NodeSide.{name}", where="node")
    assert as_bare(environment, far=True) == []
    (attempt,) = attempts_of(lab.run(), "a")
    assert attempt.status == "success"
    if method == "leave":
        assert attempt.unobserved == ("the node's processes did not report their end",)
    else:
        assert (
            "internal error in snakemake-observe on the node: RuntimeError('injected')"
            in attempt.unobserved
        )


@fault(
    "the hooks into the scheduler and the DAG cannot be made",
    snakemake="as bare, with one warning",
    journal="the run, with as much detail as without the wrapper",
)
def test_hooks_that_cannot_be_installed(lab: Lab, as_bare: AsBare) -> None:
    assert as_bare(injected(f"{TIMED}.hooks", "Hooks.__init__")) == [THE_WARNING]
    assert lab.run().status() == "success"


RECORDER = {
    "a note that cannot be taken": ("recording.run_events", "RunEvents.iteration_ended", {}),
    "a line that cannot be made": ("journal.writing", "to_line", {"skip": 3}),
    "an account that cannot be made": ("analysis.cost.account", "account", {}),
}


@fault(
    "the recorder raises while it handles a note, makes a line, or sums up the run",
    snakemake="as bare, with one warning",
    journal="a `gap` with the reason, if a line can still be written; the rest of the run",
)
@pytest.mark.parametrize("what", RECORDER)
def test_a_recorder_that_raises(lab: Lab, as_bare: AsBare, what: str) -> None:
    module, name, how = RECORDER[what]
    (warning,) = as_bare(injected(f"{OBSERVE}.{module}", name, **how))
    assert "RuntimeError: injected" in warning
    (journal,) = lab.journals
    assert lab.observe("cost", str(journal)).returncode == 0


@fault(
    "the recorder's thread dies",
    snakemake="as bare, with one warning",
    journal="ends there, and reads as a run that was killed",
)
def test_a_recorder_thread_that_dies(lab: Lab, as_bare: AsBare) -> None:
    environment = injected(f"{OBSERVE}.recording.attempts", "AttemptTracker.selected", do="exit")
    assert as_bare(environment) == [
        "snakemake-observe: the journal ends early, the run goes on: SystemExit: 3"
    ]
    assert " · killed after " in lab.observe("cost", str(lab.journals[0])).stdout


BROKEN = {
    f"{OBSERVE}.recording.session": "internal error, the run goes on untimed: ImportError: injected",
    f"{OBSERVE}.recording.recorder": "internal error, the run goes on: ImportError: injected",
    f"{OBSERVE}.journal.events": "internal error, the run goes on: ",
    f"{TIMED}.main_side": "internal error, the run goes on untimed: ImportError: injected",
    f"{TIMED}.timing": "internal error, the run goes on untimed: ImportError: injected",
}


@fault(
    "our installation is broken: a module fails while it is imported",
    snakemake="as bare, with a warning",
    journal="none, or the run as without the wrapper",
)
@pytest.mark.parametrize("module", BROKEN)
def test_a_module_that_fails_while_it_is_imported(lab: Lab, as_bare: AsBare, module: str) -> None:
    printed = as_bare(injected(module))
    assert len(printed) == 1 or module.endswith("journal.events")  # which both plugins need
    warning = printed[0]
    assert warning.startswith(f"snakemake-observe: {BROKEN[module]}")


@fault(
    "our installation is broken on the node",
    snakemake="as bare; the job does not notice",
    journal="the attempt, `success`, with no timing from the node after its first sign of life",
)
@pytest.mark.parametrize("module", ["node", "timing", "failure"])
def test_a_module_that_fails_while_it_is_imported_on_the_node(
    lab: Lab, as_bare: AsBare, module: str
) -> None:
    assert as_bare(injected(f"{TIMED}.{module}", where="node"), far=True) == []
    (attempt,) = attempts_of(lab.run(), "a")
    assert attempt.status == "success"
    assert attempt.unobserved == ("no timing from the node after its first sign of life",)


@fault(
    "our module that finds the wrapped executor is broken",
    snakemake="refuses to start: it is unknown which executor to use",
    journal="none",
)
def test_a_wrapper_that_cannot_find_what_it_wraps(lab: Lab) -> None:
    lab.snakefile(WORKFLOW)
    done = lab.snakemake(*LOCAL, *BOTH, check=False, **injected(f"{TIMED}.wrapping"))
    assert done.returncode != 0
    assert not (lab.folder / "a.txt").exists()


FLOOD = """
    import logging
    onsuccess:
        talk = logging.getLogger("snakemake.logging").warning
        for i in range(100_000):
            talk("warning %d", i)
    rule all:
        output: "a.txt"
        shell: "touch {output}"
"""


@fault(
    "100,000 log records just before the exit",
    snakemake="as bare; exits a few seconds later at most",
    journal="all of them, or those of the first 5 s and a `gap` that counts the others",
)
@pytest.mark.parametrize("slow", [False, True], ids=["as it is", "slow"])
@pytest.mark.timed
def test_a_flood_of_records_at_the_end(lab: Lab, slow: bool) -> None:
    lab.snakefile(FLOOD)
    # Slow: each line takes a millisecond, as on a file system that is in trouble.
    environment = (
        injected(f"{OBSERVE}.journal.writing", "JournalWriter.write", do="slow") if slow else {}
    )
    begun = time.monotonic()
    done = lab.snakemake(*LOCAL, **environment)
    bare_s = time.monotonic() - begun
    (lab.folder / "a.txt").unlink()
    begun = time.monotonic()
    done = lab.snakemake(*LOCAL, *BOTH, **environment)
    assert time.monotonic() - begun < bare_s + 20
    assert len(ours(done.stderr)) == 1
    run = lab.run()
    assert run.status() == "success"
    recorded = sum("warning" in message.text for message in run.messages)
    lines = map(fields_of, lab.journals[0].read_text().splitlines())
    lost = sum(line["lost"] for line in lines if line["event"] == "gap")
    assert recorded + lost == 100_000
    if slow:
        assert lost
