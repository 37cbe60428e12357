"""``compare`` on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import at, begun, chain
from workflows import a_run

from snakemake_logger_plugin_observe.__main__ import main

Capsys = pytest.CaptureFixture[str]


def compare(capsys: Capsys, *args: object) -> tuple[int, dict[str, Any]]:
    """Return the exit code, and the answer as JSON."""
    code = main(["compare", *map(str, args), "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def error(capsys: Capsys, *args: object) -> str:
    assert main(["compare", *map(str, args)]) == 2
    return capsys.readouterr().err.removeprefix("snakemake-observe: ").rstrip("\n")


def test_strict_gives_exit_code_1_unless_both_did_the_same_work(
    tmp_path: Path, capsys: Capsys
) -> None:
    one = chain().write(tmp_path / "one.jsonl")
    other = begun().job(1, rule="else").quick(1, 3, 4, 10).end(21).write(tmp_path / "other.jsonl")
    assert compare(capsys, one, other)[0] == 0
    assert compare(capsys, one, other, "--strict")[0] == 1


def test_strict_needs_contents_that_were_compared(tmp_path: Path, capsys: Capsys) -> None:
    one, two = (chain().write(tmp_path / f"{name}.jsonl") for name in ("one", "two"))
    assert compare(capsys, one, two)[1]["same_work"] is True
    assert compare(capsys, one, two)[0] == 0
    code, answer = compare(capsys, one, two, "--strict")
    assert (code, "not known to be the same work" in answer["notes"][-1]) == (1, True)


def test_the_default_baseline_is_the_newest_earlier_success(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(".snakemake", "observe")
    for name, begins_s, status in (
        ("1", -2000, "success"),
        ("2", -1000, "success"),
        ("3", -500, "failed"),
        ("4", 0, "success"),
    ):
        story = a_run(process_started=at(begins_s), status=status)
        story.events[0] = story.events[0].but(run_id=f"run {name}")
        story.write(folder / f"{name}.jsonl")
    _, answer = compare(capsys)
    assert answer["journals"] == {"A": str(folder / "2.jsonl"), "B": str(folder / "4.jsonl")}


def test_the_newest_run_is_not_compared_with_itself_by_default(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = chain().write(tmp_path / ".snakemake" / "observe" / "1.jsonl")
    assert error(capsys, path) == f"{path} is the newest run here; name a run to compare it with"
    assert error(capsys).endswith(
        "no earlier run of the same Snakefile and targets succeeded; name a baseline"
    )


def test_journals_of_a_folder_that_do_not_count_are_reported(
    tmp_path: Path, capsys: Capsys
) -> None:
    for name in ("1", "copy"):
        chain().write(tmp_path / "runs" / f"{name}.jsonl")
    _, answer = compare(capsys, tmp_path / "runs", chain().write(tmp_path / "b.jsonl"))
    (note,) = [one for one in answer["notes"] if "count" in one]
    assert note.startswith(f"{tmp_path / 'runs'}: 1 of 2 journals count; the others are copies")


def tagged(folder: Path, name: str, pr: str, *, begins_s: float, **facts: Any) -> Path:
    command = (
        "snakemake",
        "--cores",
        "2",
        "--logger",
        "observe",
        "--logger-observe-tag",
        f"pr={pr}",
    )
    story = a_run(process_started=at(begins_s), command=command, tags={"pr": pr}, **facts)
    story.events[0] = story.events[0].but(run_id=f"run {name}")
    return story.write(folder / f"{name}.jsonl")


def test_runs_are_selected_by_tag_and_repeat_each_other(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(".snakemake", "observe")
    for number in range(4):
        tagged(folder, f"a{number}", "base", begins_s=-1000 + number, length_s=100 + number)
    newest = tagged(folder, "b", "c1", begins_s=-500, length_s=101)
    _, answer = compare(capsys, "pr=base", "pr=c1")
    assert answer["journals"] == {"A": str(folder / "a1.jsonl"), "B": str(newest)}
    assert answer["speed"]["runs"] == {"baseline": 4, "candidate": 1}
    assert (answer["speed"]["verdict"], answer["findings"]) == ("as fast", [])
    assert main(["cost", "pr=base", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"]["journal"] == str(folder / "a3.jsonl")
    assert error(capsys, "pr=none", "pr=c1") == (
        f"pr=none: no such file, and no run in {folder} has this tag"
    )


def test_a_copy_of_a_journal_is_the_same_run(tmp_path: Path, capsys: Capsys) -> None:
    one, copy = (a_run().write(tmp_path / f"{name}.jsonl") for name in ("one", "copy"))
    assert compare(capsys, one, copy)[1]["verdict"] == "A and B are the same run"
