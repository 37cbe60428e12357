"""Files in a working directory: nothing outside of it, and nothing of another run."""

import os
from pathlib import Path

from snakemake_logger_plugin_observe.external.workdir import Workdir


def test_no_path_leads_out_of_the_working_directory(tmp_path: Path) -> None:
    folder = Workdir(tmp_path / "work")
    folder.root.mkdir()
    (folder.root / "in.txt").write_text("one\ntwo\n")
    (tmp_path / "out.txt").write_text("other\n")
    (folder.root / "link").symlink_to(tmp_path / "out.txt")
    assert folder.read("in.txt").lines == ("one", "two")
    for name in ("../out.txt", str(tmp_path / "out.txt"), "link", "", "a\0b"):
        assert folder.inside(name) is None
        assert folder.read(name).problem == "it is not in the workflow's folder"
    assert folder.there(["in.txt", "../out.txt", "gone"]) == {"in.txt"}
    assert folder.gone(["in.txt", "../none.txt", "gone", "in.txt/below"]) == {
        "gone",
        "in.txt/below",
    }


def test_files_that_another_run_wrote_are_not_evidence(tmp_path: Path) -> None:
    folder = Workdir(tmp_path, since=100.0, until=200.0)
    for name, written in (("before", 99), ("mine", 150), ("after", 200)):
        (tmp_path / name).write_text("text\n")
        os.utime(tmp_path / name, (written, written))
    assert folder.read("before").problem == "it was written before this run began"
    assert folder.read("mine").lines == ("text",)
    assert folder.read("after").problem == "it was written after the next run here began"
    assert folder.read("gone").problem == "it does not exist"
    assert folder.there(["mine", "after", "gone"]) == {"mine"}
    assert folder.gone(["mine", "after", "gone"]) == {"gone"}


def test_a_long_log_is_quoted_from_its_end_with_line_numbers(tmp_path: Path) -> None:
    (tmp_path / "long.log").write_bytes(b"x" * 99 + b"\n" + b"line\n" * 2_000_000 + b"the end\n")
    tail = Workdir(tmp_path).read("long.log")
    assert tail.first_line is not None
    assert tail.lines[-1] == "the end"
    assert tail.first_line + len(tail.lines) - 1 == 2_000_002
