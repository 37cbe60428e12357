"""What failed, and what trying again was worth: real runs, behind retries and nested ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab import BOTH, REPO, Lab

EXAMPLE = REPO / "example_workflow"


def failed(lab: Lab, *words: str) -> dict[str, Any]:
    """Return what ``jobs --failed`` answers, as JSON."""
    done = lab.observe("jobs", "--failed", "--format", "json", *words)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def text(lab: Lab, *words: str) -> str:
    return " ".join(lab.observe("jobs", "--failed", *words).stdout.split())


def by_rule(lab: Lab) -> dict[str, dict[str, Any]]:
    return {one["rule"]: one for one in failed(lab)["failures"]}


def flags(lab: Lab, where: str) -> tuple[str, ...]:
    return ("--cores", "3") if where == "here" else lab.cluster()


WHERE = pytest.mark.parametrize("where", ["here", "on_nodes"])


# -- the example's incidents -------------------------------------------------------------------


def example(lab: Lab, where: str, retries: int, *switches: str, check: bool) -> None:
    """Run the example workflow in the lab, with its incident *switches* on."""
    words = ("-s", str(EXAMPLE / "Snakefile"), "--retries", str(retries), "--config", *switches)
    lab.snakemake(*BOTH, *flags(lab, where), *words, check=check)


@WHERE
def test_a_deterministic_failure_behind_retries_is_reported_as_such(lab: Lab, where: str) -> None:
    targets = ("results/panel.fa",)
    words = ("-s", str(EXAMPLE / "Snakefile"), "--retries", "2")
    lab.snakemake(
        *(*BOTH, *flags(lab, where), *words, *targets),
        *("--config", "incident_always_fails=true"),
        check=False,
    )
    answer = failed(lab)
    (one,) = answer["failures"]
    assert (one["rule"], one["outcome"], one["verdict"]) == ("panel", "failed", "deterministic")
    assert (one["cause"], one["attempts"], one["executions"]) == ("exit_code", 3, 3)
    assert [repeat["same"] for repeat in one["repeats"]] == [True, True]
    assert one["failures"][-1]["exit_code"] == 13
    line = one["failures"][-1]["last_line"]
    assert (line["path"], line["text"]) == (
        "logs/panel/all.log",
        "panel.fa: no such sequence: phantom_virus",
    )
    assert answer["masked"] == 1
    output = text(lab)
    assert "failed after 3 attempts, each the same way: retries did not help" in output
    assert "retried because of --retries 2" in output
    assert f"{line['path']}:{line['number']}: {line['text']}" in output


def test_a_rule_whose_every_job_fails_first_is_systematic(lab: Lab) -> None:
    example(lab, "here", 1, "incident_fail_first_attempt=true", check=True)
    answer = failed(lab)
    assert {(one["rule"], one["outcome"], one["verdict"]) for one in answer["failures"]} == {
        ("quality", "succeeded", "once")
    }
    assert (len(answer["failures"]), answer["masked"]) == (6, 6)
    assert answer["rules"] == [
        {
            "rule": "quality",
            "pattern": "every_job",
            "jobs": 6,
            "failed_first": 6,
            "recovered": 6,
            "succeeded_on_attempt": 2,
        }
    ]
    assert (
        "deterministic: all 6 jobs of quality failed in this way at first and recovered on attempt 2; "
        "retries hide the cause" in text(lab)
    )


# -- failures of one's own -----------------------------------------------------------------------

ONE_OF_MANY = """
    rule all:
        input: expand("out/{n}.txt", n=range(8))

    rule work:
        output: "out/{n}.txt"
        resources: nth=lambda wildcards, attempt: attempt
        log: "logs/{n}.log"
        shell:
            "if [ {wildcards.n}{resources.nth} = 31 ]; then"
            " echo connection reset by peer > {log}; exit 7; fi; touch {output}"
"""


def test_one_job_of_many_that_failed_once_is_flaky(lab: Lab) -> None:
    lab.snakefile(ONE_OF_MANY)
    lab.snakemake(*BOTH, "--cores", "3", "--retries", "1")
    answer = failed(lab)
    (one,) = answer["failures"]
    assert (one["wildcards"], one["outcome"], one["masked"]) == ({"n": "3"}, "succeeded", True)
    assert (one["succeeded_on_attempt"], one["failed_executions"]) == (2, 1)
    assert [(rule["pattern"], rule["jobs"]) for rule in answer["rules"]] == [("flaky", 8)]
    assert "intermittent: 1 of the 8 jobs of work failed and recovered" in text(lab)


KINDS = """
    rule all:
        input: "differs.txt", "killed.txt", "fat.txt", "forgot.txt", "ran.txt"

    rule differs:
        output: "differs.txt"
        log: "logs/differs.log"
        resources: nth=lambda wildcards, attempt: attempt
        # The second attempt overwrites the log of the first once the journal has that line of it.
        shell: "for i in $(seq 600); do [ {resources.nth} = 1 ] && break;"
               " grep -q 'failure numbe[r] 7' .snakemake/observe/*.jsonl && break; sleep 0.1; done;"
               " echo failure number $(( {resources.nth} * 7 )) of step-{resources.nth}x > {log};"
               " exit {resources.nth}"

    rule killed:
        output: "killed.txt"
        shell: "kill -9 $$"

    rule fat:
        output: "fat.txt"
        resources: mem_mb=lambda wildcards, attempt: 300 * attempt
        shell:
            "[ {resources.mem_mb} -gt 300 ] ||"
            " python3 -c 'import os, signal; held = bytearray(b\\"x\\") * 290_000_000;"
            " os.kill(os.getpid(), signal.SIGKILL)'; touch {output}"

    rule forgot:
        output: "forgot.txt"
        shell: "true"

    rule ran:
        output: "ran.txt"
        run:
            raise ValueError("no such thing")
"""


@pytest.fixture(scope="module")
def here(new_lab: Callable[[str], Lab]) -> Lab:
    return failing(new_lab("failures-here"), "here")


@pytest.fixture(scope="module")
def on_nodes(new_lab: Callable[[str], Lab]) -> Lab:
    return failing(new_lab("failures-on-nodes"), "on_nodes")


def failing(lab: Lab, where: str) -> Lab:
    lab.snakefile(KINDS)
    words = ("--keep-going", "--retries", "1", "--latency-wait", "1")
    lab.snakemake(*BOTH, *flags(lab, where), *words, check=False)
    return lab


@WHERE
@pytest.mark.parametrize(
    ("rule", "cause", "verdict"),
    [
        ("differs", "exit_code", "different"),
        ("killed", "signal", "deterministic"),
        ("forgot", "missing_output", "deterministic"),
        ("ran", "exception", "deterministic"),
    ],
)
def test_each_failure_has_its_cause_and_its_verdict(
    where: str, rule: str, cause: str, verdict: str, request: pytest.FixtureRequest
) -> None:
    one = by_rule(request.getfixturevalue(where))[rule]
    assert (one["outcome"], one["cause"], one["certain"]) == ("failed", cause, True)
    assert (one["verdict"], one["attempts"], one["executions"]) == (verdict, 2, 2)
    assert one["all_executions_seen"] is True
    assert one["lost_s"] > 0


def test_failures_that_differ_are_each_reported(here: Lab) -> None:
    one = by_rule(here)["differs"]
    assert [each["exit_code"] for each in one["failures"]] == [1, 2]
    assert one["repeats"] == [
        {"attempt": 2, "execution": 1, "same": False, "differs": ["end", "line"]}
    ]
    output = text(here, "--rule", "differs")
    assert "failed after 2 attempts, in different ways: retries did not help" in output
    assert "attempt 1 (nth=1) ended with exit code 1: failure number 7 of step-1x" in output
    assert "attempt 2 (nth=2) ended with exit code 2: failure number 14 of step-2x" in output


def test_a_tool_killed_with_its_memory_used_up_probably_ran_out_of_memory(
    on_nodes: Lab,
) -> None:
    """On a node, where the kernel counts what its processes used; the retry requested more."""
    one = by_rule(on_nodes)["fat"]
    assert (one["outcome"], one["attempts"]) == ("succeeded", 2)
    assert (one["cause"], one["certain"]) == ("out_of_memory", False)
    assert one["failures"][-1]["signal"] == 9 or one["failures"][-1]["exit_code"] == 137
    assert 290e6 < one["memory"]["used_bytes"] < 400e6
    assert one["memory"]["requested_bytes"] == 300_000_000
    assert "probably out of memory (" in text(on_nodes, "--rule", "fat")
    assert "MB used of 300 MB requested" in text(on_nodes, "--rule", "fat")


# -- retries that multiply -----------------------------------------------------------------------

RETRIES = """
    rule all:
        input: "never.txt", "later.txt"

    rule never:
        output: "never.txt"
        log: "logs/never.log"
        retries: 2
        shell: "echo $$ >> never.count; echo no such sequence > {log}; exit 13"

    rule later:
        output: "later.txt"
        retries: 1
        shell: "echo $$ >> later.count; [ $(wc -l < later.count) = 2 ] && touch {output}"
"""


def test_retries_on_the_node_are_counted_as_they_happened(lab: Lab) -> None:
    """Two retries of the rule's are three attempts, and on the node three, two and one execution."""
    lab.snakefile(RETRIES)
    lab.snakemake(*BOTH, *lab.cluster(), "--keep-going", check=False)
    found = by_rule(lab)
    never, later = found["never"], found["later"]
    ran = len((lab.folder / "never.count").read_text().splitlines())
    assert (never["executions"], never["failed_executions"], never["attempts"]) == (ran, ran, 3)
    assert ran == 6
    assert (never["verdict"], never["masked"]) == ("deterministic", True)
    assert (
        "its tool ran 6 times in 3 attempts (3, 2, 1): Snakemake on the node applies the rule's"
        " retries as well" in text(lab)
    )
    assert (later["attempts"], later["executions"], later["failed_executions"]) == (1, 2, 1)
    assert (later["outcome"], later["masked"]) == ("succeeded", True)
    said = [each["last_line"]["text"] for each in never["failures"]]
    assert said == ["no such sequence"] * 6  # each execution has its own log's end
    assert "recovered on a retry inside attempt 1" in text(lab)


# -- what never ran, or was no tool's fault --------------------------------------------------------


def test_a_submission_refused_each_time_has_no_execution(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n")
    (lab.folder / "refuse.sh").write_text("echo no account >&2; exit 9\n")
    words = ("--jobs", "1", "--timed-wraps", "cluster-generic", "--cluster-generic-submit-cmd")
    lab.snakemake(*BOTH, *words, "sh refuse.sh", "--retries", "1", check=False)
    (one,) = failed(lab)["failures"]
    assert (one["cause"], one["executions"], one["all_executions_seen"]) == ("refused", 0, True)
    assert (one["verdict"], one["attempts"]) == ("deterministic", 2)
    assert one["failures"][0]["message"] == "no account"  # on stderr, not in Snakemake's message
    (attempt, _) = sorted(lab.run().attempts.values(), key=lambda each: each.number)
    assert attempt.refusal is not None
    assert attempt.refusal.exit_code == 9
    assert attempt.refusal.command is not None
    assert attempt.refusal.command.startswith("sh refuse.sh ")


def test_what_a_submit_command_prints_is_on_the_console_as_without_us(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n")
    (lab.folder / "submit.sh").write_text(
        'echo sbatch: slow today >&2\nsetsid sh "$1" > "$1.out" 2>&1 < /dev/null & echo $!\n'
    )
    words = ("--jobs", "1", "--timed-wraps", "cluster-generic", "--seconds-between-status-checks")
    done = lab.snakemake(*BOTH, *words, "1", "--cluster-generic-submit-cmd", "sh submit.sh")
    assert done.stderr.count("sbatch: slow today\n") == 1


def test_a_submission_that_got_no_answer_was_not_refused(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n")
    (lab.folder / "sbatch").write_text(
        "#!/bin/sh\n"
        "echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation'"
        " >&2; exit 1\n"
    )
    (lab.folder / "sbatch").chmod(0o755)
    words = ("--jobs", "1", "--timed-wraps", "cluster-generic", "--cluster-generic-submit-cmd")
    lab.snakemake(*BOTH, *words, "./sbatch --parsable", "--timed-accounting", "off", check=False)
    (one,) = failed(lab)["failures"]
    assert one["cause"] == "unanswered"
    found, *_ = json.loads(lab.observe("triage", "--format", "json").stdout)["findings"]
    assert found["incident_class"] == "submission_unanswered"
    assert (
        found["claim"]
        == "sbatch got no answer once for all (Socket timed out on send/recv operation)"
    )
    assert "What to do: run again, with --retries 1" in " ".join(lab.observe("cost").stdout.split())


def test_a_status_command_that_contradicts_the_node_is_told_with_it(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            input: "a.txt", "b.txt"
        rule one:
            output: "a.txt"
            group: "pair"
            shell: "touch {output}"
        rule two:
            input: "a.txt"
            output: "b.txt"
            group: "pair"
            shell: "touch {output}"
    """)
    (lab.folder / "submit.sh").write_text('sh "$1" > "$1.out" 2>&1; echo 17\n')
    words = ("--jobs", "1", "--timed-wraps", "cluster-generic", "--seconds-between-status-checks")
    lab.snakemake(
        *(*BOTH, *words, "1", "--cluster-generic-submit-cmd", "sh submit.sh"),
        *("--cluster-generic-status-cmd", "sh -c 'echo failed'"),
        check=False,
    )
    (one,) = failed(lab)["failures"]
    assert (one["cause"], one["certain"]) == ("contradicted", True)
    run = lab.run()
    assert run.finished is not None
    assert run.finished.failed_attempts == 1
    # The submit command came back only when the jobs had ended: their time is their own, and once.
    (group,) = [each for each in run.attempts.values() if each.job_id is None]
    members = [each for each in run.attempts.values() if each.job_id is not None]
    assert group.phases["node_startup"] > 0
    assert "queue_wait" not in group.phases
    assert all("compute" in each.phases for each in members)


def test_a_retry_that_is_refused_is_not_described_by_the_log_of_the_attempts_before(
    lab: Lab,
) -> None:
    """The rule requests more memory on each attempt, and in the end more than there is."""
    lab.snakefile("""
        rule big:
            output: "out.txt"
            log: "big.log"
            resources: mem_mb=lambda wildcards, attempt: 30_000 * attempt
            shell: "echo 'big: index too large' > {log}; exit 3"
    """)
    (lab.folder / "submit.sh").write_text(
        "[ $1 -lt 80000 ] || { echo no such node >&2; exit 1; }\n"
        'setsid sh "$2" > "$2.out" 2>&1 < /dev/null & echo $!\n'
    )
    lab.snakemake(
        *(*BOTH, "--jobs", "1", "--retries", "2", "--timed-wraps", "cluster-generic"),
        *("--seconds-between-status-checks", "1", "--cluster-generic-submit-cmd"),
        "sh submit.sh {resources.mem_mb}",
        check=False,
    )
    (one,) = failed(lab)["failures"]
    assert [each["cause"] for each in one["failures"]] == ["exit_code", "exit_code", "refused"]
    assert one["failures"][-1]["last_line"] is None
    assert (one["cause"], one["verdict"], one["own_retries"]) == ("exit_code", "different", False)
    assert [way["attempts"] for way in one["ways"]] == [[1, 2], [3]]
    ended = (
        "attempts 1 and 2 (30 GB and 60 GB) ended with exit code 3: big: index too large; "
        "attempt 3 (90 GB) was refused: "
    )
    triaged = json.loads(lab.observe("triage", "--format", "json").stdout)["findings"][0]
    assert (triaged["incident_class"], ended in triaged["claim"]) == ("tool_failure", True)
    assert f"FAILED: big: {ended}" in " ".join(lab.observe("cost").stdout.split())


def test_a_job_whose_node_processes_are_gone_is_lost(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            output: "a.txt"
            shell: "kill -9 $(ps -o ppid= -p $PPID) $PPID; touch gone"
    """)
    (lab.folder / "submit.sh").write_text('sh "$1" > "$1.out" 2>&1 & echo $!\n')
    (lab.folder / "status.sh").write_text("[ -e gone ] && echo failed || echo running\n")
    words = ("--jobs", "1", "--timed-wraps", "cluster-generic", "--seconds-between-status-checks")
    lab.snakemake(
        *(*BOTH, *words, "1", "--cluster-generic-submit-cmd", "sh submit.sh"),
        *("--cluster-generic-status-cmd", "sh status.sh"),
        check=False,
    )
    (one,) = failed(lab)["failures"]
    assert (one["cause"], one["certain"]) == ("lost", False)


def test_without_the_wrapper_the_log_and_the_error_show_the_same_failure(lab: Lab) -> None:
    """Snakemake prints the exit code, and the frames of the error show of which job."""
    lab.snakefile("""
        rule all:
            output: "a.txt"
            log: "a.log"
            shell: "echo no such sequence > {log}; exit 13"
    """)
    lab.snakemake("--logger", "observe", "--cores", "1", "--retries", "1", check=False)
    (one,) = failed(lab)["failures"]
    assert (one["cause"], one["verdict"]) == ("exit_code", "deterministic")
    assert [each["exit_code"] for each in one["failures"]] == [13, 13]
    assert one["failures"][-1]["last_line"]["text"] == "no such sequence"
    assert (one["executions"], one["all_executions_seen"]) == (0, False)


def test_a_failing_group_member_is_reported_under_its_rule(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            input: "b.txt"
        rule first:
            output: "a.txt"
            group: "pair"
            shell: "touch {output}"
        rule second:
            input: "a.txt"
            output: "b.txt"
            log: "b.log"
            group: "pair"
            shell: "echo no such sequence > {log}; exit 13"
    """)
    lab.snakemake(*BOTH, *lab.cluster(), "--retries", "1", check=False)
    (one,) = failed(lab)["failures"]
    assert (one["rule"], one["group_name"], one["cause"]) == ("second", "pair", "exit_code")
    assert (one["verdict"], one["attempts"], one["outcome"]) == ("deterministic", 2, "failed")


def test_a_run_that_failed_outside_of_its_jobs_shows_the_error(lab: Lab) -> None:
    lab.snakefile("rule all:\n    input: 'never.txt'\n")
    lab.snakemake(*BOTH, "--cores", "1", check=False)
    (journal,) = lab.journals
    output = text(lab, str(journal))
    assert "No failed attempts." in output
    assert "never.txt" in output
    assert failed(lab, str(journal))["failures"] == []


def test_terminal_escapes_in_logs_are_left_out_or_escaped_and_huge_logs_cut(lab: Lab) -> None:
    lab.snakefile(r"""
        rule all:
            input: "a.txt", "b.txt"
        rule escapes:
            output: "a.txt"
            log: "a.log"
            shell: r"printf '\033[2Jgone\r\nlast\033]0;x\007\010' > {log}; exit 3"
        rule huge:
            output: "b.txt"
            log: "b.log"
            shell: "head -c 5000000 /dev/zero | tr '\\0' 'x' > {log}; echo >> {log};"
                   " echo at last >> {log}; exit 4"
    """)
    lab.snakemake(*BOTH, "--cores", "2", "--keep-going", check=False)
    output = lab.observe("jobs", "--failed").stdout
    assert "\x1b" not in output
    assert "last\\x08" in output
    assert "\\x1b]" not in output
    assert "at last" in output
    assert len(output) < 10_000
    assert Path(lab.folder / "b.log").stat().st_size > 5_000_000


# -- jobs that share a pipe ------------------------------------------------------------------------

PIPED = """
    rule all:
        input: "out.txt"
    rule endless:
        output: pipe("p.txt")
        shell: "for i in $(seq 300); do echo $i; sleep 0.1; done > {output}"
    rule strict:
        input: "p.txt"
        output: "out.txt"
        shell: "head -n 3 {input} > {output}; exec 3< {input}; sleep 0.5; exit 5"
"""


def in_one_group(snakefile: str) -> str:
    return snakefile.replace("rule endless:", "rule endless:\n        group: 'g'").replace(
        "rule strict:", "rule strict:\n        group: 'g'"
    )


@WHERE
def test_the_job_that_ended_a_pipe_leads_and_not_the_one_that_was_killed(
    lab: Lab, where: str
) -> None:
    """Whichever fails first: Snakemake kills the other one, which is no failure of its own."""
    lab.snakefile(in_one_group(PIPED) if where == "on_nodes" else PIPED)
    cores = () if where == "on_nodes" else ("--cores", "2")
    lab.snakemake(*BOTH, *(lab.cluster() if where == "on_nodes" else cores), check=False)
    found = failed(lab)["failures"]
    ended = [one["failures"][-1] for one in found]
    assert len(found) == 1
    assert [(one["exit_code"], one["signal"]) for one in ended] in (
        [(5, None)],  # strict ended first
        [(None, 13)],  # endless wrote between strict's two readings
    )
    answer = json.loads(lab.observe("triage", "--format", "json").stdout)
    assert "find out what sent the signal" not in json.dumps(answer)
    others = [a for a in lab.run().attempts.values() if a.stopped_with is not None]
    assert [(one.status, one.job_id == found[0]["job_id"]) for one in others] == [
        ("cancelled", False)
    ]


SERVED = """
    rule all:
        input: "out.txt"
    rule db:
        output: service("db.sock")
        shell: "sleep 3"
    rule use:
        input: "db.sock"
        output: "out.txt"
        shell: "cp {input} {output}"
"""


@pytest.mark.parametrize("plugins", [BOTH, ("--logger", "observe")], ids=["timed", "untimed"])
def test_a_job_that_waits_in_vain_for_a_service_has_the_error_about_it(
    lab: Lab, plugins: tuple[str, ...]
) -> None:
    lab.snakefile(SERVED)
    lab.snakemake(*plugins, "--cores", "2", "--latency-wait", "1", check=False)
    (one,) = failed(lab)["failures"]
    assert (one["rule"], one["cause"]) == ("use", "missing_input")
    assert "Missing files after 1 seconds" in one["failures"][-1]["message"]
