"""``validate`` on the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import chain, on_cluster
from screens import add_a_screen

from snakemake_logger_plugin_observe.__main__ import main


def test_a_torn_line_gives_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = chain().write(tmp_path / "j.jsonl")
    with journal.open("ab") as file:
        file.write(b"torn")
    assert main(["validate", str(journal)]) == 1
    number = len(chain().events) + 1
    assert (
        capsys.readouterr().out
        == f"{journal}: line {number}: torn line: the writer was cut off here\n"
    )


def test_a_line_that_is_written_twice_gives_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = chain().write(tmp_path / "j.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:3], lines[2], *lines[3:]]))
    assert main(["validate", str(journal)]) == 1
    assert f"{journal}: line 4: the same as line 3" in capsys.readouterr().out


def with_a_screen(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Return a journal whose last line has a screen that was changed."""
    journal = on_cluster(tool_s=6, poll_s=91, every_s=40).write(folder / "j.jsonl")
    assert add_a_screen(journal)
    *before, last = journal.read_bytes().splitlines(keepends=True)
    line = json.loads(last)
    change(line["screen"])
    journal.write_bytes(b"".join(before) + json.dumps(line, separators=(",", ":")).encode() + b"\n")
    return journal


def test_a_first_screen_that_follows_from_the_lines_is_sound(tmp_path: Path) -> None:
    assert main(["validate", str(with_a_screen(tmp_path, lambda _: None))]) == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("exit_wait_s", 2.5, "screen.exit_wait_s: 2.5 as written, 0.0 from the lines before"),
        ("woken", True, "screen.woken: True as written, False from the lines before"),
        ("held_reasons", ["Priority"], "screen.held_reasons: ('Priority',) as written, () from"),
        ("advice", None, "screen.advice: None as written, (ScreenAdvice("),
        ("begins_at", 7, "screen.begins_at: 7 as written, and it begins at byte"),
    ],
)
def test_a_changed_first_screen_is_named_with_its_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, value: Any, said: str
) -> None:
    journal = with_a_screen(tmp_path, lambda screen: screen.update({name: value}))
    assert main(["validate", str(journal)]) == 1
    assert said in capsys.readouterr().out


def test_a_figure_inside_of_a_first_screen_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(screen: dict[str, Any]) -> None:
        screen["costliest"][0]["by_phase_s"]["compute"] += 1

    assert main(["validate", str(with_a_screen(tmp_path, change))]) == 1
    said = capsys.readouterr().out
    assert "screen.costliest[0].by_phase_s.compute: 7.0 as written, 6.0 from" in said


def test_a_screen_of_another_version_is_not_checked(tmp_path: Path) -> None:
    journal = with_a_screen(tmp_path, lambda screen: screen.update(version=0, woken=True))
    assert main(["validate", str(journal)]) == 0
