"""Which earlier run a run is compared with."""

from pathlib import Path
from typing import Any

import pytest
from builders import Story, at, begun
from command_line import write_run

from snakemake_logger_plugin_observe.commands.support import find_journal, other_runs
from snakemake_logger_plugin_observe.journal.events import Provenance


def run(workdir: Path, hour: int, to_run: int, *, status: str = "success", **more: Any) -> Path:
    """Write a run of some jobs of one rule; *more*: how many were up to date."""
    where, digest = more.pop("where", "/work"), more.pop("digest", None)
    facts = {"workdir": where, "snakefile": f"{where}/Snakefile"}
    story: Story = begun(run_id=f"{hour:032}", process_started=at(3600 * hour), **facts)
    if digest is not None:
        story.add(Provenance(time=at(1), snakefile_sha256=digest))
    story.planned(2, {"sim": to_run}, **more)
    for job_id in range(1, to_run + 1):
        story.job(job_id, (), rule="sim", wildcards={"n": str(job_id)}).quick(job_id, 3, 3, 4)
    return write_run(workdir, f"20260301T{hour:02}0000-aaaaaa", story.end(5, status))


def hours(path: Path) -> tuple[int | None, int | None]:
    """Return which run is the baseline of one, and which was the last success, by their hours."""
    source = find_journal.load(path)
    found = (other_runs.baseline_of(source), other_runs.last_success(source))
    one, other = (None if run is None else int(run.path.name[9:11]) for run in found)
    return one, other


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        pytest.param([(1, 3, 0)], (1, 1), id="the only one"),
        pytest.param([(1, 3, 0), (2, 1, 2)], (1, 2), id="the full one of as many jobs"),
        pytest.param([(1, 2, 0), (2, 1, 2)], (2, 2), id="no full one of as many jobs: the newest"),
        pytest.param([(1, 3, 0), (2, 3, 0)], (2, 2), id="the newest full one"),
    ],
)
def test_a_full_run_s_baseline_is_one_of_the_same_length_of_work(
    earlier: list[tuple[int, int, int]], expected: tuple[int, int], workdir: Path
) -> None:
    for hour, to_run, kept in earlier:
        run(workdir, hour, to_run, **({"sim": kept} if kept else {}))
    assert hours(run(workdir, 9, 3)) == expected


def test_an_incremental_run_s_baseline_is_the_run_before_it(workdir: Path) -> None:
    run(workdir, 1, 3)
    run(workdir, 2, 1, sim=2)
    run(workdir, 3, 2, sim=1, status="failed")
    assert hours(run(workdir, 9, 1, sim=2)) == (2, 2)


@pytest.mark.parametrize(
    ("where", "digest", "expected"),
    [
        pytest.param("/work", "aa", 1, id="another checkout"),
        pytest.param("/work", None, 1, id="a Snakefile of which nothing is known"),
        pytest.param("/other", "bb", 1, id="edited since, in the same place"),
        pytest.param("/work", "bb", None, id="another workflow"),
    ],
)
def test_in_a_shared_folder_a_snakefile_of_the_same_name_may_be_another_workflow_s(
    where: str, digest: str | None, expected: int | None, workdir: Path
) -> None:
    run(workdir, 1, 3, where=where, digest=digest)
    assert hours(run(workdir, 9, 3, where="/other", digest="aa")) == (expected, expected)


def test_a_first_run_has_no_baseline(workdir: Path) -> None:
    assert hours(run(workdir, 9, 3)) == (None, None)
