"""``--timed-quick-exit on``: the process that starts ``srun`` does not wait a second for its timer."""

import pytest
from slurm_lab import ONE_JOB, SlurmLab, submissions


@pytest.mark.parametrize(
    ("flags", "waits"), [((), True), (("--timed-quick-exit", "on"), False)], ids=["off", "on"]
)
def test_the_outermost_process_waits_for_its_scheduler_s_timer(
    flags: tuple[str, ...], waits: bool, lab: SlurmLab
) -> None:
    lab.snakefile(ONE_JOB)
    lab.slurm(*flags)
    (attempt,) = submissions(lab.run())
    outermost = attempt.levels[0]
    assert outermost.done is not None
    assert outermost.ended is not None
    assert (outermost.ended - outermost.done >= 950_000) == waits
