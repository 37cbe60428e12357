"""What Slurm's names for the states of jobs mean."""

from snakemake_logger_plugin_observe.run.slurm_states import (
    BY_ITSELF,
    COMPLETING,
    CUT_SCRIPTS,
    ENDS,
    RUNNING,
    SPARED_TOOLS,
    SUSPENDED,
    WAITING,
)


def test_a_job_waits_runs_or_is_over() -> None:
    kinds = [WAITING, RUNNING, {COMPLETING}, {*ENDS}]
    assert sum(map(len, kinds)) == len(set[str]().union(*kinds))
    assert SUSPENDED < RUNNING


def test_a_job_that_ended_by_itself_was_not_ended_from_outside() -> None:
    assert {"COMPLETED", "FAILED"} == BY_ITSELF
    assert not BY_ITSELF & (CUT_SCRIPTS | SPARED_TOOLS)


def test_a_limit_that_ended_a_tool_is_a_failure_of_its_own() -> None:
    limits = {state for state, end in ENDS.items() if end.cause in ("time_limit", "out_of_memory")}
    assert limits == {"TIMEOUT", "DEADLINE", "OUT_OF_MEMORY"}
    assert not limits & SPARED_TOOLS
