"""``runbook`` on the command line: its content, and that it never overwrites a file."""

import json
import os
from pathlib import Path

import pytest
from builders import Story, at, begun
from workflows import a_job, a_run, a_workflow, changed

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.analysis.compare.typical_run import typical_run

NOTE = """# Incident in run 1

- **symptom**: slow `[B:1]`
- **incident class**: tiny\\_jobs (where: workflow semantics) `[B:20]` `[B:7]`
- **next action**:
  - group them, because each pays `[B:20]`
  - check that would catch it next time: jobs\\_planned
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "Snakefile").write_text("")
    monkeypatch.chdir(folder)
    return folder


def put(work: Path, name: str, story: Story) -> Path:
    """Write a run's journal; each run has an id of its own."""
    started = story.events[0]
    story.events[0] = started.but(run_id=f"run {name}")
    return story.write(work / ".snakemake" / "observe" / f"{name}.jsonl")


def a_story(length_s: float = 100, begins_s: float = 0) -> Story:
    jobs = changed(a_workflow("ab"), "cut", benchmark=None)
    for job in jobs:
        if job["rule"] == "cut":
            job["log"] = (f"logs/cut/{job['wildcards']['sample']}.log",)
    jobs.insert(-1, a_job("sum", "out/all.sha256", "table"))
    command = ("snakemake", "--cores", "2", "--forceall", "--config", "depth=3")
    return a_run(jobs, length_s=length_s, process_started=at(begins_s), command=command)


def written(work: Path) -> str:
    assert main(["runbook", "--out", "RUNBOOK.md"]) == 0
    return (work / "RUNBOOK.md").read_text()


def test_a_typical_run_is_the_median_of_repeated_runs() -> None:
    ended = [a_story(length_s).run.finished for length_s in (90, 100, 180)]
    found = typical_run(a_story().run, [one for one in ended if one is not None])
    assert (found.runs, found.makespan_s, found.longest_s, found.jobs) == (3, 100, 180, 7)
    assert found.products == ("out/all.sha256",)
    assert found.manifests == ("out/all.sha256",)
    assert [(one.rule, one.jobs, one.log) for one in found.rules] == [
        ("count", 2, "logs/count.log"),
        ("cut", 2, "logs/cut/{sample}.log"),
        ("join", 1, "logs/join.log"),
        ("sum", 1, "logs/sum.log"),
    ]
    assert next(one for one in found.rules if one.rule == "cut").benchmark is None


def test_commands_and_paths_are_those_of_the_workflow(work: Path) -> None:
    put(work, "1", a_story())
    text = written(work)
    flags = f"--snakefile {work}/Snakefile --directory {work} --cores 2 --config depth=3"
    safe = "snakemake --dry-run --nolock"
    flags = f"--profile none --workflow-profile none {flags} -- all"
    assert f"```sh\ncd {work}\n{safe} --quiet rules {flags}\n```\n" in text
    assert f"\n{safe} --list-changes code {flags}\n" in text
    assert "--forceall" not in text
    assert f"- working directory: `{work}`\n" in text
    assert "- `cut`: `logs/cut/{sample}.log`, **no `benchmark:`**\n" in text
    assert f"```sh\ncd {work}/out\nsha256sum --check all.sha256\n```\n" in text
    assert "Machine's owner: ______" in text  # it used no cluster
    for heading in ("1. See", "2. See", "3. Where", "4. Confirm", "5. Workflow", "Known"):
        assert f"## {heading}" in text
    assert len(text.splitlines()) < 120


def test_limits_come_from_the_workflow_s_runs(work: Path) -> None:
    for number, length_s in enumerate((100, 120, 110)):
        put(work, str(number), a_story(length_s, begins_s=-1000 * (3 - number)))
    text = written(work)
    assert "over 3 runs." in text
    assert "- more than 8 jobs planned (7 typical);" in text
    assert "- a run takes longer than 1 h 17 min (longest so far: 51 min 40 s);" in text


def test_a_short_run_may_take_some_seconds_longer(work: Path) -> None:
    put(work, "1", a_story(2))
    assert "- a run takes longer than 12.0 s (longest so far: 2.00 s);" in written(work)


def test_it_has_the_commands_to_run_resume_and_unlock(work: Path) -> None:
    put(work, "1", a_story())
    here = f"--snakefile {work}/Snakefile --directory {work}"
    text = written(work)
    ours = "--logger observe --executor timed --timed-wraps slurm -- all\n"
    for begin, end in (
        ("snakemake", ours),
        ("snakemake --rerun-incomplete", ours),
        ("snakemake --unlock", "-- all\n"),
    ):
        (line,) = [one for one in text.splitlines(True) if one.startswith(f"{begin} {here}")]
        assert line.endswith(end)
        assert "--forceall" not in line


def test_it_describes_the_newest_full_run_not_a_newer_incremental_one(work: Path) -> None:
    put(work, "1", a_story(begins_s=-1000))
    rest = [job for job in a_workflow("ab") if job["rule"] in ("join", "all")]
    put(work, "2", a_run(rest, up_to_date={"cut": 2, "count": 2}, process_started=at(0)))
    assert "(7 typical)" in written(work)


@pytest.mark.parametrize(
    ("partial", "why"),
    [
        (begun().planned(3, {}, cut=2).end(4, "nothing_to_do"), "0 of 2 jobs ran"),
        (begun().planned(3, {}).end(4, "nothing_to_do"), "nothing had to run"),
        (begun().planned(3, {"cut": 1}, cut=1).job(1, rule="cut").quick(1, 3, 3, 4).end(5), None),
    ],
)
def test_without_a_run_of_all_jobs_it_has_no_typical_figures(
    work: Path, partial: Story, why: str | None
) -> None:
    put(work, "1", partial)
    text = written(work)
    assert f"no run of all jobs was found ({why or '1 of 2 jobs ran'} in this one)" in text
    assert "planned (" not in text
    assert "takes longer than" not in text


def test_a_run_that_only_touched_its_outputs_is_no_typical_run(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(work, "1", a_run(kind="touch"))
    assert main(["runbook", str(path), "--out", "RUNBOOK.md"]) == 2
    assert "a runbook describes a typical run" in capsys.readouterr().err


def test_notes_in_the_folder_are_listed_as_known_incidents(work: Path) -> None:
    put(work, "1", a_story())
    (work / "incidents").mkdir()
    (work / "incidents" / "may.md").write_text(NOTE)
    (work / "incidents" / "june.md").write_text(NOTE)  # a copy
    fields = {"incident_class": "late_outputs [B:3]", "next_action": "wait longer"}
    (work / "note.json").write_text(json.dumps(fields))
    (work / "README.md").write_text("# Something else\n")
    (work / "broken.json").write_text("[" * 50_000)
    text = written(work)
    assert "- tiny\\_jobs (where: workflow semantics)" in text
    assert "next: group them, because each pays (`incidents/june.md`)" in text
    assert "- late\\_outputs" in text
    assert text.count("tiny\\_jobs") == 1
    assert "[B:" not in text


def test_an_existing_file_is_not_overwritten(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(work, "1", a_story())
    (work / "RUNBOOK.md").write_text("ours\n")
    assert main(["runbook", "--out", "RUNBOOK.md"]) == 2
    assert (work / "RUNBOOK.md").read_text() == "ours\n"
    assert capsys.readouterr().err == (
        "snakemake-observe: RUNBOOK.md: already exists; not overwritten. Name another file\n"
    )


def test_it_is_for_its_owner_alone_until_they_share_it(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It contains commands and paths, as the journal does, which is private, too."""
    put(work, "1", a_story())
    before = os.umask(0)
    try:
        written(work)
    finally:
        os.umask(before)
    assert (work / "RUNBOOK.md").stat().st_mode & 0o777 == 0o600
    assert "for you alone to read (0600)" in capsys.readouterr().out


def test_it_may_be_printed(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(work, "1", a_story())
    text = written(work)
    capsys.readouterr()
    assert main(["runbook", "--out", "-"]) == 0
    assert capsys.readouterr().out == text
    assert not (work / "-").exists()


def test_a_pipe_that_is_called_like_a_note_is_not_waited_for(work: Path) -> None:
    put(work, "1", a_story())
    os.mkfifo(work / "note.md")
    assert "Known" in written(work)


def test_without_a_journal_nothing_is_written(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runbook", "--out", "RUNBOOK.md"]) == 2
    assert "no journal" in capsys.readouterr().err
    assert not (work / "RUNBOOK.md").exists()


def test_without_the_working_directory_gaps_are_marked(work: Path, tmp_path: Path) -> None:
    path = a_story().write(tmp_path / "kept" / "1.jsonl")
    assert main(["runbook", str(path), "--out", "RUNBOOK.md"]) == 0
    text = (work / "RUNBOOK.md").read_text()
    assert "The command is not known from the journal" in text
    assert "- working directory: `unknown`" in text


def test_a_workflow_without_a_successful_run_gets_no_runbook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_run(status="failed").write(tmp_path / ".snakemake" / "observe" / "1.jsonl")
    assert main(["runbook", str(tmp_path), "--out", str(tmp_path / "RUNBOOK.md")]) == 2
    assert "a runbook describes a typical run" in capsys.readouterr().err
    assert not (tmp_path / "RUNBOOK.md").exists()


def test_the_answer_names_the_run_that_it_describes(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(work, "1", a_story())
    assert main(["runbook", "--out", "RUNBOOK.md", "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema_version"], answer["run"]["run_id"]) == (1, "run 1")
