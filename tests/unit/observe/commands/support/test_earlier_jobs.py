"""The up-to-date jobs of a run, described by the runs before it; and the run that it resumed."""

from pathlib import Path
from typing import Any

import pytest
from builders import Story, at, begun
from command_line import write_run

from snakemake_logger_plugin_observe.commands.support import earlier_jobs, find_journal
from snakemake_logger_plugin_observe.journal.events import Provenance
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.model import Made

A, B, C = ({"sample": name} for name in "ABC")


def sim(story: Story, job_id: int, sample: dict[str, str], **more: Any) -> Story:
    output = f"sim/{sample['sample']}.txt"
    facts = {"rule": "sim", "wildcards": sample, "output": (output,), "threads": 2}
    story.job(job_id, (), **facts)
    return story.quick(job_id, 3, 3, 4, **more)


def run(workdir: Path, hour: int, story: Story, status: str = "success") -> Path:
    return write_run(workdir, f"20260301T{hour:02}0000-aaaaaa", story.end(5, status))


def began(hour: int, **facts: Any) -> Story:
    return begun(run_id=f"{hour:032}", process_started=at(3600 * hour), **facts)


def completed(path: Path) -> Source:
    source = find_journal.load(path)
    earlier_jobs.complete(source)
    return source


def kept(source: Source) -> list[tuple[str, str, int | None, str]]:
    """Return each up-to-date job: its sample, rule, threads, and the journal that has its run."""
    found = source.run
    return sorted(
        (
            job.wildcards["sample"],
            job.rule,
            job.threads,
            Path(found.made[job_id].journal).name[9:11] if job_id in found.made else "",
        )
        for job_id, job in found.kept.items()
    )


def test_an_up_to_date_job_is_described_by_the_last_run_that_ran_it(workdir: Path) -> None:
    run(workdir, 12, sim(sim(began(12), 1, A), 2, B))
    run(workdir, 13, sim(began(13).planned(2, {"sim": 1}, sim=1), 1, B))
    new = sim(began(14).planned(2, {"sim": 1}, sim=2), 1, C)
    new.kept(2, ("sim", A, "sim/A.txt"), ("sim", B, "sim/B.txt"))
    source = completed(run(workdir, 14, new))
    assert kept(source) == [("A", "sim", 2, "12"), ("B", "sim", 2, "13")]
    assert set(source.run.all_jobs) == {1, -1, -2}


def test_one_that_no_journal_knows_has_its_files_alone(workdir: Path) -> None:
    new = sim(began(14).planned(2, {"sim": 1}, sim=1), 1, C).kept(2, ("sim", A, "sim/A.txt"))
    source = completed(run(workdir, 14, new))
    assert kept(source) == [("A", "sim", None, "")]
    assert source.run.kept[-1].output == ("sim/A.txt",)


@pytest.mark.parametrize(("up_to_date", "known"), [(2, ["A", "B"]), (1, []), (3, [])])
def test_jobs_that_are_only_counted_are_taken_from_earlier_runs_if_the_number_fits(
    up_to_date: int, known: list[str], workdir: Path
) -> None:
    run(workdir, 12, sim(sim(began(12), 1, A), 2, B))
    new = sim(began(14).planned(2, {"sim": 1}, sim=up_to_date), 1, C)
    assert [name for name, *_ in kept(completed(run(workdir, 14, new)))] == known


def test_what_a_failed_job_left_is_known_as_that(workdir: Path) -> None:
    run(workdir, 12, sim(began(12), 1, A))
    run(workdir, 13, sim(began(13), 1, A, status="failed"), "failed")
    new = sim(began(14).planned(2, {"sim": 1}, sim=1), 1, C).kept(2, ("sim", A, "sim/A.txt"))
    source = completed(run(workdir, 14, new))
    made = source.run.made[-1]
    assert isinstance(made, Made)
    assert (made.status, made.attempt.status) == ("failed", "failed")


# -- the run that was resumed ----------------------------------------------------------------------


def resumes(path: Path) -> str | None:
    earlier = find_journal.load(path).resumes
    return earlier and f"{earlier.path.name[9:11]} {earlier.status}"


def second_half(hour: int, **facts: Any) -> Story:
    return sim(began(hour, **facts).planned(2, {"sim": 1}, sim=1), 1, B)


@pytest.mark.parametrize("status", ["failed", "interrupted"])
def test_a_run_resumes_the_one_that_was_cut_short_before_it(status: str, workdir: Path) -> None:
    run(workdir, 12, sim(began(12), 1, A), status)
    run(workdir, 13, began(13), "failed")  # its Snakefile could not be read: it ran no job
    source = find_journal.load(path := run(workdir, 14, second_half(14)))
    assert (resumes(path), source.scope) == (f"12 {status}", "resumed")


def test_after_a_success_nothing_is_resumed(workdir: Path) -> None:
    run(workdir, 12, sim(began(12), 1, A), "failed")
    run(workdir, 13, sim(began(13), 1, A))
    source = find_journal.load(path := run(workdir, 14, second_half(14)))
    assert (resumes(path), source.scope) == (None, "incremental")


def test_a_failed_run_of_other_targets_is_not_resumed(workdir: Path) -> None:
    run(workdir, 12, sim(began(12, targets=("report",)), 1, A), "failed")
    assert resumes(run(workdir, 14, second_half(14, targets=("all",)))) is None


def test_an_up_to_date_job_s_params_are_those_of_the_run_that_ran_it(workdir: Path) -> None:
    params = {"params": ("extra=-k1",), "params_digest": "sha256:k1"}
    first = began(12)
    first.job(1, (), rule="sim", wildcards=A, output=("sim/A.txt",), threads=2, **params)
    run(workdir, 12, first.quick(1, 3, 3, 4))
    new = sim(began(14).planned(2, {"sim": 1}, sim=1), 1, C).kept(2, ("sim", A, "sim/A.txt"))
    found = completed(run(workdir, 14, new)).run
    assert found.params_of(found.kept[-1]) == ("extra=-k1",)


def split(hour: int, **digests: str) -> Story:
    """Return the start of a run whose checkpoint made a folder, and its journal on disk."""
    return began(hour).add(Provenance(time=at(2), sources=digests))


@pytest.mark.parametrize(("digest", "known"), [("a", 1), ("b", 0)], ids=["same", "edited"])
def test_a_checkpoint_that_snakemake_dropped_was_up_to_date(
    digest: str, known: int, workdir: Path
) -> None:
    first = split(12, Snakefile="a").job(1, (), rule="split", checkpoint=True, output=("parts",))
    run(workdir, 12, sim(first.quick(1, 3, 3, 4), 2, A))
    new = split(14, Snakefile=digest).planned(2, {"sim": 1}, sim=1).kept(2, ("sim", A, "sim/A.txt"))
    new.job(1, (), rule="sim", wildcards=B, input=("parts/B.txt",), output=("sim/B.txt",))
    source = completed(run(workdir, 14, new.quick(1, 3, 3, 4)))
    dropped = [job.output for job in source.run.kept.values() if job.rule == "split"]
    assert dropped == [("parts",)] * known
    assert source.run.planned is not None
    assert sum(source.run.planned.up_to_date.values()) == 1 + known
    assert source.run.planned.line is not None


@pytest.mark.parametrize(
    ("facts", "gone", "known"),
    [
        ({}, (), ["first", "number", "second", "sim"]),
        ({"config_digest": "other"}, (), ["sim"]),
        ({"settings": {"until": ["sim"]}}, (), ["sim"]),
        ({}, (B,), ["sim"]),
    ],
    ids=["the same work", "another configuration", "a part of the work", "a sample is gone"],
)
def test_what_only_checkpoints_needed_was_dropped_with_them(
    facts: dict[str, Any], gone: tuple[dict[str, str], ...], known: list[str], workdir: Path
) -> None:
    """No job reads what a checkpoint made whose result an input function looked at."""
    old = split(12, Snakefile="a")
    for job_id, rule, read in ((1, "first", ()), (2, "number", ()), (3, "second", ("2.txt",))):
        made_one = {"output": (f"{job_id}.txt",), "checkpoint": rule != "number"}
        old.job(job_id, (), rule=rule, input=read, **made_one).quick(job_id, 3, 3, 4)
    for number, sample in enumerate((A, *gone), 4):
        sim(old, number, sample)
    run(workdir, 12, old)
    new = began(14, **facts).add(Provenance(time=at(2), sources={"Snakefile": "a"}))
    new.planned(2, {"all": 1}, sim=1).kept(2, ("sim", A, "sim/A.txt"))
    source = completed(run(workdir, 14, new.job(1, (), rule="all").quick(1, 3, 3, 4)))
    assert sorted(job.rule for job in source.run.kept.values()) == known
    assert source.run.planned is not None
    assert sum(source.run.planned.up_to_date.values()) == len(known)
