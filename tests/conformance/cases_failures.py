"""Failures of every kind, attempts and executions, and how Snakemake handles them."""

from collections.abc import Callable

from cases import CLUSTER, LOCAL, Call, Case, on_a_cluster, statuses
from lab import attempts_of, the_attempt, waits

from snakemake_logger_plugin_observe.run.model import Run

EXIT = "rule all:\n    output: 'out.txt'\n    shell: '{tool}'\n"


def one_failure(**expected: object) -> Callable[[Run], None]:
    """Return a check of the only attempt: it failed, and has the *expected* values."""

    def check(run: Run) -> None:
        assert run.status() == "failed"
        assert statuses(run) == {"all": ["failed"]}
        attempt = the_attempt(run, "all")
        assert {name: getattr(attempt, name) for name in expected} == expected
        assert "compute" in attempt.phases

    return check


def why_it_failed(*words: str, rule: str = "all", **expected: object) -> Callable[[Run], None]:
    """Return a check of *rule*'s last attempt: its message contains *words*."""

    def check(run: Run) -> None:
        assert run.status() == "failed"
        attempt = attempts_of(run, rule)[-1]
        assert attempt.status == "failed"
        for word in words:
            assert word in (attempt.message or "")
        assert {name: getattr(attempt, name) for name in expected} == expected

    return check


def failed_before_any_job(*words: str) -> Callable[[Run], None]:
    """Return a check of a run that ended with an error before it began a job."""

    def check(run: Run) -> None:
        assert run.status() == "failed"
        assert run.attempts == {}
        printed = "\n".join(message.text for message in run.messages if message.level == "error")
        for word in words:
            assert word in printed

    return check


TWO = """
    rule all:
        input: "x.txt", "y.txt"
        output: touch("all.done")
    rule x:
        output: "x.txt"
        priority: 1
        shell: "exit 4"
    rule y:
        output: "y.txt"
        shell: "touch {output}"
"""


def the_other_went_on(run: Run) -> None:
    assert run.status() == "failed"
    assert statuses(run) == {"x": ["failed"], "y": ["success"]}


def only_the_first_ran(run: Run) -> None:
    assert run.status() == "failed"
    assert statuses(run) == {"x": ["failed"]}


FLAKY = """
    rule all:
        output: "out.txt"
        resources: nth=lambda wildcards, attempt: attempt
        shell: "if [ {resources.nth} -lt 3 ]; then exit 3; fi; touch {output}"
"""


def three_attempts(run: Run) -> None:
    assert run.status() == "success"
    found = [(a.number, a.status, a.exit_code) for a in attempts_of(run, "all")]
    assert found == [(1, "failed", 3), (2, "failed", 3), (3, "success", None)]


COUNTED = """
    rule all:
        output: "out.txt"
        retries: 2
        shell: "echo x >> executions; test $(wc -l < executions) -ge 3; touch {output}"
"""


def tries_and_attempts(run: Run) -> None:
    """On a node the retries happen inside the first submission; here each is an attempt."""
    assert run.status() == "success"
    found = attempts_of(run, "all")
    executions = [[one.status for one in attempt.executions] for attempt in found]
    if on_a_cluster(run):
        assert [a.status for a in found] == ["success"]
        assert executions == [["failed", "failed", "success"]]
    else:
        assert [a.status for a in found] == ["failed", "failed", "success"]
        assert executions == [["failed"], ["failed"], ["success"]]


HIDDEN = """#!/bin/sh
here=$(dirname "$0")
mv in.txt "$here/in.txt"
setsid sh "$1" >> "$here/node.out" 2>&1 < /dev/null &
echo $!
"""
LOST = """#!/bin/sh
echo 1
"""


def a_missing_input_looked_like_success(run: Run) -> None:
    attempt = the_attempt(run, "all")
    assert run.status() == attempt.status == "failed"
    assert "compute" not in attempt.phases
    assert waits(attempt) <= set(attempt.phases)
    printed = attempt.message or ""
    if "AttributeError" in printed:  # older versions fail themselves while reporting it
        assert printed == "on the node: AttributeError: 'str' object has no attribute 'is_storage'"
        return
    assert attempt.phases["stage_in"] >= 900_000
    assert printed.startswith("on the node: Missing files after 1 seconds")
    assert "in.txt" in printed


def a_refusal_is_recorded(run: Run) -> None:
    attempt = the_attempt(run, "all")
    assert attempt.status == "failed"
    assert "Error submitting jobscript (exit code 9)" in (attempt.message or "")
    assert set(attempt.phases) <= {"slot_wait", "dispatch", "submit", "postprocess"}


def no_timing_from_the_node(run: Run) -> None:
    attempt = the_attempt(run, "all")
    assert attempt.status == "failed"
    assert attempt.external_jobid == "1"
    assert attempt.unobserved == ("no timing from the node yet",)
    assert "compute" not in attempt.phases


def killed(run: Run) -> None:
    assert run.finished is None
    assert [a.status for a in attempts_of(run, "all")] == ["running"]


def killed_then_made(first: Run, locked: Run, incomplete: Run, again: Run) -> None:
    killed(first)
    failed_before_any_job("LockException")(locked)
    failed_before_any_job("IncompleteFilesException")(incomplete)
    assert again.status() == "success"
    assert statuses(again) == {"all": ["success"]}


def nothing_ran_again(first: Run, second: Run) -> None:
    assert (first.status(), second.status()) == ("failed", "nothing_to_do")
    assert second.attempts == {}


def interrupted(run: Run) -> None:
    assert run.status() == "interrupted"
    assert statuses(run) in ({"all": ["cancelled"]}, {"all": ["failed"]})


def terminated(run: Run) -> None:
    assert run.status() == "interrupted"
    assert statuses(run) == {"all": ["success"]} or statuses(run) == {"all": ["failed"]}


def a_member_failed(run: Run) -> None:
    assert run.status() == "failed"
    found = statuses(run)
    assert found["bad"] == ["failed"]
    if on_a_cluster(run):
        (whole,) = [a for a in run.attempts.values() if a.job_id is None]
        assert whole.status == "failed"
        assert found["good"] == ["success"]
        assert the_attempt(run, "bad").exit_code == 6
    else:
        assert found["good"] == ["success"]


def both_ends_failed(run: Run) -> None:
    assert run.status() == "failed"
    assert statuses(run)["consume"] == ["failed"]


PYTHON = """
    rule all:
        output: "out.txt"
        run:
            raise ValueError("no such thing")
"""
KILL = "rule all:\n    output: 'out.txt'\n    shell: 'touch {{output}}; sleep 0.5; kill -{sent} $PPID; sleep {after}'\n"

CASES = [
    Case(
        "exit-code",
        "failures: exit code",
        EXIT.format(tool="exit 7"),
        calls=(Call(code=1, says="exit status 7"),),
        check=one_failure(exit_code=7, signal=None),
    ),
    Case(
        "signal",
        "failures: signal",
        EXIT.format(tool="kill -9 $$"),
        calls=(Call(code=1),),
        check=one_failure(signal=9),
    ),
    Case(
        "missing-output",
        "failures: missing output",
        EXIT.format(tool="true"),
        calls=(Call(("--latency-wait", "1"), code=1, says="Missing files after"),),
        check=why_it_failed("missing", "out.txt"),
    ),
    Case(
        "ensure-non-empty",
        "failures: ensure, non-empty",
        "rule all:\n    output: ensure('out.txt', non_empty=True)\n    shell: 'touch {output}'\n",
        calls=(Call(code=1),),
        check=why_it_failed("out.txt"),
    ),
    Case(
        "ensure-sha256",
        "failures: ensure, sha256",
        "rule all:\n    output: ensure('out.txt', sha256='00')\n    shell: 'touch {output}'\n",
        calls=(Call(code=1),),
        check=why_it_failed("out.txt"),
    ),
    Case(
        "missing-input-on-node",
        "failures: missing input disguised as success",
        "rule all:\n    input: 'in.txt'\n    output: 'out.txt'\n    shell: 'cp {input} {output}'\n",
        {"in.txt": "hello\n"},
        calls=(Call(("--latency-wait", "1"), code=1),),
        executors=(CLUSTER,),
        sample=CLUSTER,
        submit=HIDDEN,
        check=a_missing_input_looked_like_success,
    ),
    Case(
        "refused",
        "failures: submission refused",
        EXIT.format(tool="touch {output}"),
        calls=(Call(code=1, says="exit code 9"),),
        executors=(CLUSTER,),
        sample=CLUSTER,
        submit="#!/bin/sh\necho no account >&2\nexit 9\n",
        check=a_refusal_is_recorded,
    ),
    Case(
        "lost",
        "failures: job lost",
        EXIT.format(tool="touch {output}"),
        {"status.sh": "echo failed\n"},
        calls=(Call(("--cluster-generic-status-cmd", "sh @HERE@/work/status.sh"), code=1),),
        executors=(CLUSTER,),
        sample=CLUSTER,
        submit=LOST,
        check=no_timing_from_the_node,
    ),
    Case(
        "run-raises",
        "failures: exception in run",
        PYTHON,
        calls=(Call(code=1, says="no such thing"),),
        check=why_it_failed("no such thing"),
    ),
    Case(
        "script-raises",
        "failures: exception in script",
        "rule all:\n    output: 'out.txt'\n    script: 'bad.py'\n",
        {"bad.py": "raise ValueError('no such thing')\n"},
        calls=(Call(code=1, says="no such thing"),),
        check=one_failure(exit_code=1),
    ),
    Case(
        "keep-going",
        "failures: --keep-going",
        TWO,
        calls=(Call(("--keep-going",), code=1),),
        check=the_other_went_on,
    ),
    Case(
        "first-failure-ends",
        "failures: without --keep-going",
        TWO,
        calls=(Call(code=1),),
        check=only_the_first_ran,
        executors=(LOCAL,),
        sample="",
    ),
    Case(
        "retries-flag",
        "failures: --retries, attempts",
        FLAKY,
        calls=(Call(("--retries", "2"), says="Trying to restart job"),),
        check=three_attempts,
        incidents=("tool_failure",),
    ),
    Case(
        "retries-rule",
        "failures: retries, executions inside an attempt",
        COUNTED,
        check=tries_and_attempts,
        incidents=("tool_failure",),
    ),
    Case(
        "log-shown",
        "failures: --show-failed-logs",
        "rule all:\n    output: 'out.txt'\n    log: 'out.log'\n    shell: 'echo what went wrong > {log}; exit 1'\n",
        calls=(Call(("--show-failed-logs",), code=1, says="what went wrong"),),
        check=one_failure(exit_code=1),
    ),
    Case(
        "keep-incomplete",
        "failures: --keep-incomplete",
        EXIT.format(tool="touch {output}; exit 1"),
        calls=(Call(("--keep-incomplete",), code=1), Call(("--rerun-incomplete",))),
        executors=(LOCAL,),
        check=nothing_ran_again,
        incidents=("leftover_input",),
    ),
    Case(
        "outputs-removed",
        "failures: outputs of a failed job are removed",
        EXIT.format(tool="touch {output}; exit 1"),
        calls=(Call(code=1, says="Removing output files of failed job"),),
        executors=(LOCAL,),
        check=one_failure(exit_code=1),
        sample="",
    ),
    Case(
        "group-member-fails",
        "failures: a member of a group",
        "rule bad:\n    input: 'good.txt'\n    output: 'bad.txt'\n    group: 'g'\n    shell: 'exit 6'\nrule good:\n    output: 'good.txt'\n    group: 'g'\n    shell: 'touch {output}'\n",
        calls=(Call(code=1),),
        sample=CLUSTER,
        check=a_member_failed,
        unordered=True,
    ),
    Case(
        "pipe-fails",
        "failures: a pipe's consumer",
        "rule consume:\n    input: 'stream'\n    output: 'piped.txt'\n    shell: 'cat {input} > /dev/null; exit 3'\nrule produce:\n    output: pipe('stream')\n    shell: 'echo hi > {output}'\n",
        calls=(Call(code=1),),
        cores="2",
        executors=(LOCAL,),
        unordered=True,
        check=both_ends_failed,
    ),
    Case(
        "no-input",
        "failures: no rule makes an input",
        "rule all:\n    input: 'nowhere.txt'\n",
        calls=(Call(code=1, says="MissingInputException"),),
        executors=(LOCAL,),
        check=failed_before_any_job("MissingInputException", "nowhere.txt"),
    ),
    Case(
        "input-function-raises",
        "failures: an input function raises",
        "def source(wildcards):\n    raise ValueError('no such sample')\nrule all:\n    input: source\n    output: 'out.txt'\n    shell: 'touch {output}'\n",
        calls=(Call(code=1, says="no such sample"),),
        executors=(LOCAL,),
        check=failed_before_any_job("no such sample"),
    ),
    Case(
        "ambiguous",
        "failures: ambiguous rules",
        "rule all:\n    input: 'a.txt'\nrule one:\n    output: '{x}.txt'\n    shell: 'touch {output}'\nrule two:\n    output: 'a.{y}'\n    shell: 'touch {output}'\n",
        calls=(Call(code=1, says="AmbiguousRuleException"),),
        executors=(LOCAL,),
        check=failed_before_any_job("AmbiguousRuleException"),
        sample="",
    ),
    Case(
        "cycle",
        "failures: a cycle",
        "rule all:\n    input: 'b.txt'\nrule a:\n    input: 'b.txt'\n    output: 'a.txt'\n    shell: 'touch {output}'\nrule b:\n    input: 'a.txt'\n    output: 'b.txt'\n    shell: 'touch {output}'\n",
        calls=(Call(code=1, says="CyclicGraphException"),),
        executors=(LOCAL,),
        check=failed_before_any_job("CyclicGraphException"),
        sample="",
    ),
    Case(
        "parse-error",
        "failures: a Snakefile that does not parse",
        "rule all\n    output 'a.txt'\n",
        calls=(Call(code=1, says="SyntaxError"),),
        executors=(LOCAL,),
        check=failed_before_any_job("SyntaxError"),
    ),
    Case(
        "snakefile-raises",
        "failures: a Snakefile that raises",
        "raise ValueError('not today')\n",
        calls=(Call(code=1, says="not today"),),
        executors=(LOCAL,),
        check=failed_before_any_job("not today"),
    ),
    Case(
        "snakefile-exits",
        "failures: a Snakefile that calls sys.exit",
        "import sys\nsys.exit(3)\nrule all:\n    output: 'a.txt'\n    shell: 'touch {output}'\n",
        calls=(Call(code=3, journal_since="9.21"),),
        executors=(LOCAL,),
        check=failed_before_any_job("sys.exit(3) was called"),
    ),
    Case(
        "no-snakefile",
        "failures: a Snakefile that is not there",
        "",
        calls=(Call(("--snakefile", "nowhere"), code=1),),
        executors=(LOCAL,),
        sample="",
    ),
    Case(
        "killed",
        "failures: Snakemake killed, --unlock, --rerun-incomplete",
        KILL.format(sent="KILL", after=1).replace("kill -KILL", "test -e again || kill -KILL"),
        calls=(
            Call(code=-9),
            Call(("--rerun-incomplete",), code=1, says="LockException"),
            Call(("--unlock",), journal=False),
            Call(code=1, says="IncompleteFilesException"),
            Call(("--rerun-incomplete",), before="touch again"),
        ),
        executors=(LOCAL,),
        check=killed_then_made,
    ),
    Case(
        "interrupted",
        "failures: SIGINT",
        KILL.format(sent="INT", after=8),
        calls=(Call(code=1),),
        executors=(LOCAL,),
        check=interrupted,
    ),
    Case(
        "terminated",
        "failures: SIGTERM",
        KILL.format(sent="TERM", after=1),
        calls=(Call(code=1),),
        executors=(LOCAL,),
        check=terminated,
    ),
    Case(
        "log-of-failed",
        "failures: a failing tool's log is kept",
        "rule all:\n    output: 'out.txt'\n    log: 'out.log'\n    shell: 'echo why > {log}; exit 2'\n",
        calls=(Call(code=1),),
        sample="",
        check=one_failure(exit_code=2),
    ),
    Case(
        "hook-raises",
        "failures: onerror raises",
        "onerror:\n    shell('exit 5')\n" + EXIT.format(tool="exit 1"),
        calls=(Call(code=1),),
        executors=(LOCAL,),
    ),
]
