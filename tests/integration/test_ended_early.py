"""How a run is recorded that Ctrl-C, or an exit in the workflow's own code, ended between its jobs."""

import json
import signal

import pytest
from lab import Lab

CTRL_C = "os.kill(os.getpid(), signal.SIGINT); time.sleep(9)"
HOOK = """
    import os, signal, sys, time
    {when}:
        {code}
    rule all:
        output: "x"
        shell: "touch x"
"""
PARAMS = """
    import os, signal, sys, time
    def value(wildcards):
        {code}
    rule all:
        output: "x"
        params: value
        shell: "touch x"
"""
READING = """
    import os, signal, sys, time
    {code}
    rule all:
        output: "x"
        shell: "touch x"
"""
ENDS = [
    (HOOK.format(when="onstart", code=CTRL_C), -signal.SIGINT, "interrupted"),
    (HOOK.format(when="onstart", code="sys.exit(3)"), 3, "failed"),
    (HOOK.format(when="onstart", code="sys.exit(0)"), 0, "failed"),
    (HOOK.format(when="onsuccess", code=CTRL_C), -signal.SIGINT, "interrupted"),
    (HOOK.format(when="onsuccess", code="sys.exit(0)"), 0, "success"),
    (PARAMS.format(code=CTRL_C), -signal.SIGINT, "interrupted"),
    (PARAMS.format(code="sys.exit(4)"), 4, "failed"),
    (READING.format(code=CTRL_C), -signal.SIGINT, "interrupted"),
]


@pytest.mark.parametrize(("snakefile", "code", "status"), ENDS)
def test_a_run_that_was_ended_between_jobs_is_no_success(
    lab: Lab, snakefile: str, code: int, status: str
) -> None:
    """Its exit code is what it is without the observer."""
    lab.snakefile(snakefile)
    (lab.folder / ".snakemake").mkdir()
    done = lab.snakemake("--cores", "1", "--logger", "observe", check=False)
    assert done.returncode == code
    run = lab.run()
    assert run.finished is not None
    assert run.finished.status == status
    answer = json.loads(lab.observe("triage", str(lab.journals[0]), "--format", "json").stdout)
    assert answer["status"] == status
