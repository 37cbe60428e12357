"""``runs --prune`` removes or compresses old journals: none that is needed, and nothing else."""

import gzip
import json
import os
import secrets
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from builders import T0, at, stamps
from run_folders import DAY, a_dry_run, a_run, folder_of_runs, nothing_to_do, without_end, write

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.journal import tidying
from snakemake_logger_plugin_observe.journal.events import AttemptSubmitted


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    assert main(["runs", *words, "--format", "json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def days(found: list[dict[str, Any]]) -> list[int]:
    """Return of which days runs are, by their names."""
    return [int(Path(one["journal"]).name.split("-")[1].partition(".")[0]) for one in found]


def names(workdir: Path) -> list[str]:
    return sorted(os.listdir(folder_of_runs(workdir)))


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """Return a working directory with a run a day; the last full run that succeeded is of day 2."""
    folder = folder_of_runs(tmp_path)
    for day, story in enumerate(
        (
            *(a_run(20), a_dry_run(), a_run(21), nothing_to_do(), a_run(9, kept=1)),
            *(a_run(30, status="failed"), without_end(), without_end(socket.gethostname())),
        )
    ):
        write(folder, day, story)
    (folder / ".digest-key-1").write_text("key")
    (folder / "notes.jsonl").write_text("mine\n")
    return tmp_path


def test_what_would_be_removed_is_shown_and_nothing_is_changed(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = names(workdir)
    found = answer(capsys, str(workdir), "--keep", "1")
    assert (found["action"], found["done"], found["others"]) == ("remove", False, 1)
    assert days(found["pruned"]) == [1, 3, 0, 4, 5]  # dry runs and nothing to do first
    assert [
        (day, one["why"]) for day, one in zip(days(found["kept"]), found["kept"], strict=True)
    ] == [
        (6, "it has no end, and its process cannot be seen from here"),
        (2, "the last full run of its workflow that succeeded: others are compared with it"),
    ]
    assert names(workdir) == before
    assert main(["runs", str(workdir), "--keep", "1"]) == 0
    said = capsys.readouterr().out
    assert f"snakemake-observe runs {workdir} --keep 1 --prune  # remove them\n" in said
    assert said.startswith("5 journals would be removed (")


def test_an_age_of_zero_is_hours_and_few_journals_are_counted_in_words(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["runs", str(workdir), "--older-than", "0h"])
    assert " --older-than 0h --prune" in capsys.readouterr().out
    main(["runs", str(workdir), "--older-than", "99999d"])
    said = capsys.readouterr().out
    assert said.startswith("No journal is old enough to be removed: 8 stay as they are.")


def test_removing_leaves_what_is_kept_and_what_is_no_journal(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, str(workdir), "--keep", "1", "--prune")
    assert found["done"]
    assert names(workdir) == [
        ".digest-key-1",
        "20260303T120000-000002.jsonl",
        "20260307T120000-000006.jsonl",
        "20260308T120000-000007.jsonl",
        "notes.jsonl",
    ]


def test_runs_that_ran_jobs_are_kept_first(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, str(workdir), "--keep", "6")
    assert days(found["pruned"]) == [1, 3]


def test_old_is_what_started_before_then(
    workdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: T0 + 10 * DAY)
    assert days(answer(capsys, str(workdir), "--older-than", "1w")["pruned"]) == [1, 0]
    both = answer(capsys, str(workdir), "--older-than", "120h", "--keep", "5")
    assert days(both["pruned"]) == [1, 3, 0]


def test_compressing_keeps_content_mode_and_time(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder_of_runs(workdir) / "20260305T120000-000004.jsonl"
    content, known = path.read_bytes(), path.stat()
    found = answer(capsys, str(workdir), "--keep", "1", "--gzip", "--prune")
    packed = path.with_name(f"{path.name}.gz")
    assert not path.exists()
    assert gzip.decompress(packed.read_bytes()) == content
    assert stat.S_IMODE(packed.stat().st_mode) == 0o600
    assert packed.stat().st_mtime_ns == known.st_mtime_ns
    assert {one["bytes_after"] > 0 for one in found["pruned"]} == {True}
    assert not [name for name in names(workdir) if name.endswith(".draft")]
    (workflow,) = answer(capsys, str(workdir))["workflows"]
    assert workflow["matching"] == 8
    again = answer(capsys, str(workdir), "--keep", "1", "--gzip", "--prune")
    assert again["pruned"] == []


def test_an_interruption_loses_nothing(
    workdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the new file and the removal of the old one both are there; the next time goes on."""
    folder = folder_of_runs(workdir)
    path = folder / "20260305T120000-000004.jsonl"
    content = path.read_bytes()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tidying, "_check_same", interrupted)
        assert main(["runs", str(workdir), "--keep", "1", "--gzip", "--prune"]) == 130
    assert path.read_bytes() == content
    capsys.readouterr()
    answer(capsys, str(workdir), "--keep", "1", "--gzip", "--prune")
    assert not path.exists()
    assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == content


def test_another_file_under_the_name_of_the_compressed_one_stays(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder_of_runs(workdir) / "20260305T120000-000004.jsonl"
    other = path.with_name(f"{path.name}.gz")
    other.write_bytes(gzip.compress(b"another"))
    found = answer(capsys, str(workdir), "--keep", "1", "--gzip", "--prune", code=1)
    (problem,) = (one["problem"] for one in found["pruned"] if one["problem"])
    assert problem == f"{other.name} is there, and is not the same"
    assert path.exists()
    assert gzip.decompress(other.read_bytes()) == b"another"


def test_a_link_is_not_followed_and_not_removed(
    workdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of_runs(workdir)
    elsewhere = folder_of_runs(tmp_path / "other")
    target = write(elsewhere, 20, a_run(9, kept=1))
    link = folder / "20260201T120000-000020.jsonl"
    link.symlink_to(target)
    for words in (("--prune",), ("--gzip", "--prune")):
        found = answer(capsys, str(workdir), "--older-than", "1h", *words)
        assert ("it is a link, or no regular file") in [one["why"] for one in found["kept"]]
        assert link.is_symlink()
        assert target.exists()


def test_a_journal_that_is_written_to_meanwhile_stays(
    workdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder_of_runs(workdir) / "20260305T120000-000004.jsonl"
    unpacked = tidying._unpacked

    def written_to(folder: int, name: str) -> str:
        if name.startswith(path.name):
            with path.open("ab") as file:
                file.write(b"\n")
        return unpacked(folder, name)

    monkeypatch.setattr(tidying, "_unpacked", written_to)
    found = answer(capsys, str(workdir), "--keep", "1", "--gzip", "--prune", code=1)
    assert [one["problem"] is not None for one in found["pruned"]].count(True) == 1
    assert path.exists()


# -- fragments ---------------------------------------------------------------------------------


def a_killed_run(folder: Path, day: int, fragments: str, *, age_s: float = 200_000) -> Path:
    """Write a run of this machine that was killed, with what its jobs left on their nodes."""
    story = without_end(socket.gethostname())
    known = stamps(ready=3, selected=4, submitting=4, accepted=5)
    story.events.append(
        AttemptSubmitted(
            time=at(5), job_id=9, attempt=1, stamps=known, fragments=(f"{fragments}/1",)
        )
    )
    inner = folder / fragments
    inner.mkdir(mode=0o700, exist_ok=True)
    for name in (fragments, "1.fragment", "bell"):
        (inner / name).touch()
    then = clock.now() / 1e6 - age_s
    for one in (*inner.iterdir(), inner):
        os.utime(one, (then, then))
    return write(folder, day, story)


def test_what_a_killed_run_left_goes_with_its_journal(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, left = folder_of_runs(workdir), secrets.token_hex(16)
    a_killed_run(folder, -1, left)
    found = answer(capsys, str(workdir), "--keep", "1", "--prune")
    assert [one["fragments"] for one in found["pruned"] if one["fragments"]] == [[left]]
    assert left not in names(workdir)


def test_fragments_that_may_be_in_use_stay(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of another run, written lately, with other files in it, or not private."""
    folder = folder_of_runs(workdir)
    shared, lately, mixed, public = (secrets.token_hex(16) for _ in range(4))
    for day, name in enumerate((shared, lately, mixed, public), start=-9):
        a_killed_run(folder, day, name, age_s=10 if name == lately else 200_000)
    (folder / mixed / "data.txt").touch()
    (folder / public).chmod(0o777)
    a_killed_run(folder, 30, shared)  # the newest run
    answer(capsys, str(workdir), "--keep", "1", "--prune")
    assert {shared, lately, mixed, public} <= set(names(workdir))


# -- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--prune",), "--prune: say which runs are old: --keep 20, --older-than 90d, or both"),
        (("--gzip",), "--gzip: say which runs are old"),
        (("--older-than", "90"), "'90' is no age such as 90d, 12w or 36h"),
        (("--keep", "5", "--state", "failed"), "--state only filters the list"),
    ],
)
def test_options_that_do_not_go_together_change_nothing(
    workdir: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    before = names(workdir)
    try:
        code = main(["runs", str(workdir), *words])
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2
    assert said in capsys.readouterr().err
    assert names(workdir) == before
