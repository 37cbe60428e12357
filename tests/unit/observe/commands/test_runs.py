"""``runs`` lists the runs of a folder, by the first and last lines of their journals."""

import gzip
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from builders import Story, stamps
from run_folders import a_dry_run, a_run, folder_of_runs, nothing_to_do, without_end, write

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.journal import lines

TORN = ": nothing is read from it; copy it again, or remove it"


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["runs", *words, "--format", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def text(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["runs", *words]) == 0
    return capsys.readouterr().out


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """Return a working directory with a run of each kind, one a day."""
    folder = folder_of_runs(tmp_path)
    write(folder, 1, a_dry_run())
    write(folder, 2, a_run(20))
    write(folder, 3, a_run(21, status="failed", tags={"pr": "12"}))
    write(folder, 4, a_run(12, kept=3, jobs=8))
    write(folder, 5, nothing_to_do())
    write(folder, 6, without_end(socket.gethostname()))
    write(folder, 7, without_end())
    write(folder, 8, a_run(9, kept=3, jobs=8))
    return tmp_path


def test_runs_are_listed_newest_first_with_state_and_scope(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workflow,) = answer(capsys, str(workdir))["workflows"]
    assert workflow["snakefile"] == "Snakefile"
    assert workflow["workdir"] == str(workdir)
    assert [(one["start"][:10], one["state"], one["scope"]) for one in workflow["runs"]] == [
        ("2026-03-09", "success", "incremental"),  # what the run before became is not known here
        ("2026-03-08", "unknown", None),
        ("2026-03-07", "killed", None),
        ("2026-03-06", "nothing_to_do", "nothing_to_do"),
        ("2026-03-05", "success", "resumed"),
        ("2026-03-04", "failed", "full"),
        ("2026-03-03", "success", "full"),
        ("2026-03-02", "dry_run", "dry_run"),
    ]


def test_a_line_has_the_figures_of_the_run(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workflow,) = answer(capsys, str(workdir), "--state", "failed")["workflows"]
    (one,) = workflow["runs"]
    assert one["makespan_s"] == 21
    assert (one["job_count"], one["failed"], one["failed_attempts"]) == (2, 1, 1)
    assert one["tags"] == {"pr": "12"}
    assert one["tools_share"] == pytest.approx((1.5 + 14.5) / 21)
    assert one["changed"] == []
    assert one["journal"] == str(workdir / ".snakemake/observe/20260304T120000-000003.jsonl")


def test_what_changed_since_the_run_before_is_said_in_few_words(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workflow,) = answer(capsys, str(workdir))["workflows"]
    changed = {one["start"][8:10]: one["changed"] for one in workflow["runs"]}
    assert changed["05"] == ["2 → 5 jobs in the workflow", "jobs 4 → 8"]
    assert changed["03"] is None  # there was only a dry run before


def test_runs_are_filtered_by_tag_state_workflow_and_number(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder_of_runs(workdir), 9, a_run(5, snakefile="other.smk"))
    found = answer(capsys, str(workdir))["workflows"]
    assert [one["snakefile"] for one in found] == ["other.smk", "Snakefile"]
    for words, days in (
        (("--tag", "pr=12"), ["04"]),
        (("--tag", "pr=1"), []),
        (("--state", "dry-run"), ["02"]),
        (("--workflow", "other"), ["10"]),
        (("--workflow", "Snakefile", "--limit", "2"), ["09", "08"]),
    ):
        workflows = answer(capsys, str(workdir), *words)["workflows"]
        assert [run["start"][8:10] for one in workflows for run in one["runs"]] == days
    assert text(capsys, str(workdir), "--tag", "pr=1") == "No run matches.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--limit", "0"), "argument --limit: '0' is no whole number above 0"),
        (("--tag", "pr"), "--tag pr: a tag is KEY=VALUE"),
        (("--workflow", "x"), "--workflow x: no run of such a Snakefile; there are: Snakefile"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(
    workdir: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    try:
        code = main(["runs", str(workdir), *words])
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2
    assert said in capsys.readouterr().err


def test_a_folder_without_journals_says_how_to_get_some(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", str(tmp_path)]) == 2
    assert "run snakemake with --logger observe there" in capsys.readouterr().err


def test_a_file_that_is_no_journal_is_named_and_not_listed(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = folder_of_runs(workdir) / "20260401T120000-\x1b[2J.jsonl"
    broken.write_text("no journal\n")
    (problem,) = answer(capsys, str(workdir))["problems"]
    assert problem == (
        f"{broken}:1: not a run journal (its first line is no run_started); not listed"
    )
    assert "\x1b" not in text(capsys, str(workdir))


def test_what_is_wrong_with_each_file_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = write(folder_of_runs(tmp_path), 1, a_run(20))
    files = {
        "empty": (b"", ": it is empty, so there is no run to show"),
        "newer": (
            whole.read_bytes().replace(b'"schema_version":1', b'"schema_version":2', 1),
            ":1: schema version 2 is newer than this snakemake-observe reads (1); update it",
        ),
        "random": (b"\x8e\x00\xff\n", ":1: not a run journal (its first line is no run_started)"),
        "torn": (
            gzip.compress(whole.read_bytes())[:-100],
            f": its compressed data ends too early{TORN}",
        ),
    }
    for name, (content, _) in files.items():
        whole.with_name(f"{name}.jsonl").write_bytes(content)
    assert answer(capsys, str(tmp_path))["problems"] == [
        f"{whole.with_name(f'{name}.jsonl')}{why}; not listed" for name, (_, why) in files.items()
    ]


@pytest.mark.parametrize("names", [("a.jsonl", "z.jsonl"), ("z.jsonl", "a.jsonl")])
def test_of_copies_of_a_journal_the_most_complete_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], names: tuple[str, str]
) -> None:
    """Whichever name comes first, and whether the whole one is compressed or not."""
    written = write(folder_of_runs(tmp_path), 1, a_run(20))
    content = written.read_bytes()
    written.unlink()
    whole, torn = (written.with_name(name) for name in names)
    torn.write_bytes(content[: len(content) // 2])
    packed = whole.with_name(f"{whole.name}.gz")
    packed.write_bytes(gzip.compress(content))
    for taken, others in ((packed, [torn]), (whole, sorted([packed, torn]))):
        if taken is whole:
            whole.write_bytes(content)
        found = answer(capsys, str(tmp_path))
        (run,) = found["workflows"][0]["runs"]
        assert (run["journal"], run["state"]) == (str(taken), "success")
        count, names_of_others = len(others) + 1, ", ".join(one.name for one in others)
        (problem,) = found["problems"]
        assert problem == (
            f"{taken}: the most complete of {count} copies; not listed: {names_of_others}"
        )


def test_after_a_run_that_was_cut_off_the_next_command_has_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No job of it failed, so ``jobs --failed`` would say that."""
    write(folder_of_runs(tmp_path), 1, a_run(20, status="interrupted"))
    shown = text(capsys, str(tmp_path))
    assert "snakemake-observe triage " in shown
    assert "jobs --failed" not in shown


def test_a_run_of_an_older_version_is_read_for_what_its_last_line_does_not_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(folder_of_runs(tmp_path), 1, a_run(20, kept=3))
    *others, last = path.read_text().splitlines()
    ended = json.loads(last)
    del ended["jobs"], ended["rules"]
    path.write_text("\n".join([*others, json.dumps(ended, separators=(",", ":"))]) + "\n")
    (workflow,) = answer(capsys, str(tmp_path))["workflows"]
    (one,) = workflow["runs"]
    assert (one["scope"], one["failed"], one["job_count"]) == ("incremental", 0, 2)


def test_numbers_that_no_run_has_are_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story().planned(3, {"map": 2**62, "join": 2**62, "all": 2**62})
    write(folder_of_runs(tmp_path), 1, story)
    ((run,),) = ([one["runs"] for one in answer(capsys, str(tmp_path))["workflows"]],)
    assert [one["job_count"] for one in run] == [None]


def test_only_the_journals_that_are_shown_are_read_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(12):
        write(folder_of_runs(tmp_path), day, a_run(20))
    read: list[Path] = []
    opened = lines.opened
    monkeypatch.setattr(
        "snakemake_logger_plugin_observe.journal.reading.opened",
        lambda path: read.append(path) or opened(path),
    )
    answer(capsys, str(tmp_path))
    assert read == []


def test_the_tools_share_is_unknown_where_time_was_not_observed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for day, wrapped in enumerate((True, False)):
        one = Story(wrapped=wrapped).plan(2, 3).planned(3, {"map": 1}).job(1)
        known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=12, finished=13)
        write(folder_of_runs(tmp_path), day, one.attempt(1, known).end(14))
    (workflow,) = answer(capsys, str(tmp_path))["workflows"]
    assert [one["tools_share"] for one in workflow["runs"]] == [None, None]


# -- the trend ---------------------------------------------------------------------------------


def trend(capsys: pytest.CaptureFixture[str], workdir: Path, *lengths_s: float) -> dict[str, Any]:
    for day, length_s in enumerate(lengths_s):
        write(folder_of_runs(workdir), day, a_run(length_s))
    (workflow,) = answer(capsys, str(workdir))["workflows"]
    found: dict[str, Any] = workflow["trend"]
    return found


def test_the_length_of_full_runs_is_a_median_with_its_spread(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workflow,) = answer(capsys, str(workdir))["workflows"]
    assert workflow["trend"] == {
        "full_runs": 1,
        "median_s": 20,
        "least_s": 20,
        "most_s": 20,
        "missing_runs": 6,
        "changes": [],
    }


def test_two_points_are_no_trend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trend(capsys, tmp_path, 20, 90)["changes"] == []
    said = " ".join(text(capsys, str(tmp_path)).split())
    assert "Whether they became slower, nobody can tell yet: that takes 7 such runs" in said


def test_the_run_since_which_it_is_slower_is_named_with_how_sure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = trend(capsys, tmp_path, 20, 21, 20.5, 20.2, 40, 41, 40.5, 42)
    makespan, *others = found["changes"]
    assert (makespan["what"], makespan["slower"], makespan["since"][:10]) == (
        *("makespan", True),
        "2026-03-05",
    )
    assert (makespan["runs_before"], makespan["runs_since"]) == (4, 4)
    assert (makespan["before_s"], makespan["since_s"]) == pytest.approx((20.35, 40.75))
    assert makespan["chance"] == pytest.approx(1 / 70)
    assert [(one["what"], one["name"]) for one in others] == [
        ("class", "compute"),
        ("rule", "map"),
    ]
    said = " ".join(text(capsys, str(tmp_path)).split())
    assert "Slower since the run of 2026-03-05 12:00:00 UTC, most likely: the makespan" in said
    assert "by chance in 1 of 70 cases at most" in said
    assert "snakemake-observe compare" in said


def test_a_single_slow_run_is_no_lasting_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trend(capsys, tmp_path, 20, 21, 20.5, 20.2, 20.1, 20.7, 90)["changes"] == []


def test_noise_is_no_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trend(capsys, tmp_path, 20, 31, 22, 36, 25, 38, 24, 39, 27, 30)["changes"] == []
    assert "can be told from chance" in " ".join(text(capsys, str(tmp_path)).split())
