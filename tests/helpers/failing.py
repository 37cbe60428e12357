"""Runs with failures: jobs that fail, are retried, and succeed or not."""

from typing import Any

from builders import Story, an_execution, begun, in_main, level, stamps

from snakemake_logger_plugin_observe.journal.records import LogTail, Stamps

MESSAGE = (
    'CalledProcessError in file "/work/Snakefile", line 7: returned non-zero exit status {code}.'
)


def tail(*lines: str, path: str = "logs/a.log") -> tuple[LogTail, ...]:
    return (LogTail(path=path, bytes=100, first_line=1, lines=lines),) if lines else ()


def fails(
    story: Story,
    job_id: int,
    *lines: str,
    number: int = 1,
    start_s: float = 3,
    took_s: float = 1,
    code: int | None = 13,
    rule: str = "map",
    **more: Any,
) -> Story:
    """Add an attempt in the main process whose tool failed after *took_s*; *lines* end its log."""
    message = more.pop("message", MESSAGE.format(code=code))
    end_s = start_s + took_s
    one = an_execution(
        rule,
        begun=start_s,
        tool_started=start_s,
        tool_ended=end_s,
        status="failed",
        exit_code=code,
        message=message,
    )
    return story.attempt(
        *(job_id, moments(start_s, end_s), in_main(one)),
        number=number,
        status="failed",
        **{
            "exit_code": code,
            "signal": -code if code is not None and code < 0 else None,
            "message": message,
            "logs": tail(*lines),
            **more,
        },
    )


def succeeds(
    story: Story, job_id: int, number: int = 1, start_s: float = 10, rule: str = "map"
) -> Story:
    one = an_execution(rule, begun=start_s, tool_started=start_s, tool_ended=start_s + 1)
    return story.attempt(job_id, moments(start_s, start_s + 1), in_main(one), number=number)


def moments(start_s: float, end_s: float) -> Any:
    return stamps(
        ready=start_s - 1,
        selected=start_s,
        submitting=start_s,
        accepted=start_s,
        reported=end_s,
        finished=end_s,
    )


def on_node(
    story: Story,
    job_id: int,
    *codes: int,
    number: int = 1,
    start_s: float = 3,
    rule: str = "map",
    **more: Any,
) -> Story:
    """Add an attempt on a node with an execution of a second for each exit code; 0 succeeds."""
    at_s = start_s + 3
    executions = []
    for count, code in enumerate(codes, 1):
        facts = {"status": "success"}
        if code:
            facts = {"status": "failed", "exit_code": code, "message": MESSAGE.format(code=code)}
        moments_s = {"begun": at_s, "tool_started": at_s, "tool_ended": at_s + 1}
        executions.append(an_execution(rule, number=count, checked=at_s + 1, **moments_s, **facts))
        at_s += 1
    node = level(
        *executions, started=start_s + 1, loaded=start_s + 2, planned=start_s + 3, ended=at_s
    )
    last = codes[-1] if codes else None
    status = more.pop("status", "failed" if last else "success")
    facts = {"external_jobid": f"7{number}", "exit_code": last or None}
    known = moments(start_s, at_s + 1)
    return story.attempt(job_id, known, node, number=number, status=status, **{**facts, **more})


def deterministic() -> Story:
    """Return a job that fails three times in the same way, with another process id each time."""
    story = begun(wraps="local").job(1, wildcards={"sample": "a"}, input=("in/a.fq",))
    for number in (1, 2, 3):
        lines = ("reading", f"[{number}] no such sequence in /tmp/x{number}/a.fa")
        fails(story, 1, *lines, number=number, start_s=3 * number)
    return story.end(13, "failed")


def every_job() -> Story:
    """Return six jobs of a rule that all fail first in the same way, and then succeed."""
    story = begun(wraps="local")
    for job_id in range(1, 7):
        line = f"cannot open scratch/s{job_id}.tmp: not mounted (attempt 1)"
        story.job(job_id, rule="quality", wildcards={"sample": f"s{job_id}"})
        fails(story, job_id, line, start_s=3 * job_id, rule="quality")
        succeeds(story, job_id, 2, 30 + job_id, rule="quality")
    return story.end(40)


def flaky() -> Story:
    """Return one job of many that fails once."""
    story = begun(wraps="local")
    for job_id in range(1, 11):
        story.job(job_id, wildcards={"n": str(job_id)})
        if job_id == 4:
            fails(story, job_id, "connection reset by peer")
        succeeds(story, job_id, 1 + (job_id == 4), 10 + job_id)
    return story.end(30)


def different() -> Story:
    """Return a job that fails in another way each time."""
    story = begun(wraps="local").job(1)
    fails(story, 1, "no such file", code=3)
    fails(story, 1, "Segmentation fault", code=139, number=2, start_s=6, took_s=2)
    fails(story, 1, "connection reset by peer", code=3, number=3, start_s=10)
    return story.end(13, "failed")


def nested() -> Story:
    """Return a job whose rule's retries are followed on the node too: six executions."""
    story = begun(wraps="cluster-generic").job(1)
    for number in (1, 2, 3):
        on_node(story, 1, *[13] * (4 - number), number=number, start_s=10 * number)
    return story.end(45, "failed")


def recovered_inside() -> Story:
    """Return an attempt that succeeded, though its tool had failed in it first."""
    story = begun(wraps="cluster-generic").job(1)
    return on_node(story, 1, 3, 0).end(12)


def many(rules: int = 12, jobs: int = 5) -> Story:
    """Return more kinds of failures than fit on a screen."""
    story = begun(wraps="local")
    for number in range(rules):
        for job in range(jobs):
            job_id = number * jobs + job
            rule = f"rule{number}"
            story.job(job_id, rule=rule, wildcards={"n": str(job)})
            line = f"no such sequence in {job}.fa"
            fails(story, job_id, line, code=number + 1, rule=rule, start_s=3 + job_id)
    return story.end(100, "failed")


WAITED = (
    'WorkflowError in rule use in file "Snakefile", line 8:\n'
    "OSError: Missing files after 5 seconds:\ndb.sock (missing locally, parent dir not present)"
)


def waited_for_a_service() -> Story:
    """Return a run whose one job waited in vain for its service, as such a run is recorded."""
    story = begun(wraps="local").group("g1", (1, 2))
    story.job(1, rule="db", service=True, output=("db.sock",), group="g1")
    story.job(2, rule="use", input=("db.sock",), needs=(1,), group="g1")
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=10, finished=10)
    ended = Stamps(finished=known.finished)
    failed: dict[str, Any] = {"group": "g1", "status": "failed"}
    story.attempt(None, known, message=f"use: {WAITED}", **failed)
    story.attempt(1, ended, **failed).attempt(2, ended, message=WAITED, **failed)
    return story.end(11, "failed")
