"""Which earlier runs are read to explain reruns, and how much of them."""

from pathlib import Path

import pytest
from past import a_run, in_params, sums
from whys import Why, made, missing

from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import roots
from snakemake_logger_plugin_observe.commands.support import find_journal, past_runs
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import Source


def sorting(day: int, reason: str, **facts: object) -> Why:
    one = a_run(day, run_id=f"{day}", **facts)
    one.ran(2, "sort", reason, makes=("out.txt",))
    sums(one, 2, out_txt="same")
    one.ran(1, "all", made("out.txt"), needs=(2,), reads=("out.txt",))
    one.end(one.at_s + 1)
    return one


def write(folder: Path, day: int, one: Why) -> Path:
    path = folder / f"2026030{day}T120000-00000{day}.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in one.lines))
    return path


def days(folder: Path) -> Path:
    """Write a first run and two reruns with a param drawn anew; return the newest journal."""
    write(folder, 1, sorting(0, missing("out.txt")))
    write(folder, 2, sorting(1, in_params("'k3x9qa'", "'7hd_2m'")))
    return write(folder, 3, sorting(2, in_params("'7hd_2m'", "'p0vwu5'")))


def kinds(path: Path, baseline: Source | None = None) -> list[tuple[str, bool | None]]:
    source = find_journal.load(path, Detail.FIGURES)
    origins = Origins(source.run)
    found = past_runs.reruns_of(source, origins, roots(origins), baseline)
    return [(one.kind, one.same_bytes) for one in found]


def test_the_runs_before_in_the_folder_are_asked(tmp_path: Path) -> None:
    assert kinds(days(tmp_path)) == [("drawn_anew", True)]


@pytest.mark.parametrize("detail", [Detail.JOBS, Detail.FIGURES])
def test_a_baseline_that_was_read_already_counts_as_one(tmp_path: Path, detail: Detail) -> None:
    newest = days(tmp_path)
    baseline = find_journal.load(tmp_path / "20260302T120000-000002.jsonl", detail)
    assert kinds(newest, baseline) == [("drawn_anew", True)]


def test_nothing_is_read_where_no_reason_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days(tmp_path)
    newest = write(tmp_path, 4, sorting(3, missing("out.txt")))
    monkeypatch.setattr(past_runs, "read_journal", None)
    assert kinds(newest) == []


def test_only_the_newest_of_large_journals_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = days(tmp_path)
    monkeypatch.setattr(past_runs, "_MOST_BYTES", 10)
    # Snakemake's reason in the run before names the value before that.
    assert kinds(newest) == [("drawn_anew", True)]
    monkeypatch.setattr(past_runs, "_MOST_RUNS", 0)
    assert kinds(newest) == []


def test_a_journal_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    newest = days(tmp_path)
    broken = tmp_path / "20260302T120000-000002.jsonl"
    broken.write_bytes(broken.read_bytes().replace(b'"event":"job"', b'"event":"job!"'))
    assert kinds(newest) == [("same_bytes", True)]
