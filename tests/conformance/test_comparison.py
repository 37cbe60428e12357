"""The comparison itself: it reports differences, and nothing else."""

import json
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from comparison import Side, left, printed, sides


def fill(side: Side) -> None:
    """Create the files of a run of one job."""
    work = side.lab.folder
    (work / "out.txt").write_text(f"made in {side.here}/work\n")
    (work / "all.bench").write_text("s\th:m:s\n0.1\t0:00:00\n")
    own = work / ".snakemake"
    for name in ("log", "metadata", "incomplete", "locks", "observe"):
        (own / name).mkdir(parents=True)
    (own / "log" / "2026-01-01T000000.000001.snakemake.log").write_text(
        "[Thu Jan  1 00:00:00 2026]\nFinished jobid: 0 (Rule: all)\n"
    )
    record = {"rule": "all", "shellcmd": f"{side.here}/tool", "starttime": 1.0, "endtime": 2.0}
    name = urlsafe_b64encode(b"out.txt").decode()
    (own / "metadata" / name).write_text(json.dumps(record))


@pytest.fixture
def both(tmp_path: Path) -> tuple[Side, Side]:
    bare, seen = sides(tmp_path)
    for side in (bare, seen):
        fill(side)
    return bare, seen


def test_the_journal_times_and_the_folders_path_make_no_difference(
    both: tuple[Side, Side],
) -> None:
    bare, seen = both
    work = seen.lab.folder
    (work / ".snakemake" / "observe" / "run.jsonl").write_text("{}\n")
    (work / "all.bench").write_text("s\th:m:s\n0.2\t0:00:00\n")
    (log,) = (work / ".snakemake" / "log").iterdir()
    log.write_text("[Fri Jan  2 00:00:00 2026]\nFinished jobid: 0 (Rule: all)\n")
    assert left(seen) == left(bare)


def _metadata(work: Path) -> Path:
    return work / ".snakemake" / "metadata" / urlsafe_b64encode(b"out.txt").decode()


@pytest.mark.parametrize(
    "change",
    [
        lambda work: (work / "out.txt").write_text("else\n"),
        lambda work: (work / "out.txt").chmod(0o600),
        lambda work: (work / "more.txt").touch(),
        lambda work: (work / "empty").mkdir(),
        lambda work: (work / "all.bench").unlink(),
        lambda work: next((work / ".snakemake" / "log").iterdir()).write_text("Finished\n"),
        lambda work: (work / ".snakemake" / "log" / "2.snakemake.log").write_text("again\n"),
        lambda work: _metadata(work).write_text(json.dumps({"rule": "other"})),
        lambda work: _metadata(work).unlink(),
        lambda work: (work / ".snakemake" / "incomplete" / "b3V0LnR4dA==").write_text(""),
        lambda work: (work / ".snakemake" / "locks" / "0.input.lock").write_text("a"),
        lambda work: (work / ".snakemake" / "tmp.abcdefgh").mkdir(),
        lambda work: (work / "elsewhere" / ".snakemake").mkdir(parents=True),
    ],
)
def test_any_other_difference_in_a_folder_is_noticed(
    both: tuple[Side, Side], change: Callable[[Path], object]
) -> None:
    bare, seen = both
    change(seen.lab.folder)
    assert left(seen) != left(bare)


@pytest.mark.parametrize(
    ("code", "out", "err"), [(1, "a\n", "b\n"), (0, "c\n", "b\n"), (0, "a\n", "b\nmore\n")]
)
def test_another_exit_code_or_output_is_noticed(
    both: tuple[Side, Side], code: int, out: str, err: str
) -> None:
    bare, seen = both
    plain = subprocess.CompletedProcess([], 0, "a\n", "b\n")
    assert printed(seen, subprocess.CompletedProcess([], code, out, err)) != printed(bare, plain)
    ours = subprocess.CompletedProcess([], 0, "a\n", "b\nsnakemake-observe: success\n")
    assert printed(seen, ours) == printed(bare, plain)


def test_lines_in_random_order_are_still_counted(both: tuple[Side, Side]) -> None:
    bare, seen = both

    def result(side: Side, *lines: str) -> object:
        return printed(
            side, subprocess.CompletedProcess([], 0, "", "\n".join(lines)), unordered=True
        )

    assert result(seen, "b", "a") == result(bare, "a", "b")
    assert result(seen, "b", "a", "a") != result(bare, "a", "b")
