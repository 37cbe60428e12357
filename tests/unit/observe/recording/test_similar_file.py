"""A file of a name like that of the one that an error misses is found next to it."""

from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.recording.similar_file import similar_file


def missed(path: str) -> str:
    return f"FileNotFoundError: [Errno 2] No such file or directory: '{path}'"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "scripts").mkdir(parents=True)
    for name in ("scripts/summarize.py", "scripts/plot.R", "samples.tsv", "a.fq.gz", "b.txt"):
        (folder / name).touch()
    (tmp_path / "outside.txt").touch()
    return folder


@pytest.mark.parametrize(
    ("path", "similar"),
    [
        ("scripts/summarise.py", "scripts/summarize.py"),
        ("scripts/plot.r", "scripts/plot.R"),
        ("sample.tsv", "samples.tsv"),
        ("a.fq", "a.fq.gz"),
        ("b.txt.xz", "b.txt"),
        ("scripts/other.py", None),
        ("nowhere/summarise.py", None),
        ("../outsides.txt", None),
    ],
)
def test_only_a_name_like_the_missing_one_is_named(
    folder: Path, path: str, similar: str | None
) -> None:
    assert similar_file(missed(path), folder) == similar


def test_an_absolute_path_stays_one(folder: Path) -> None:
    path = str(folder / "scripts")
    assert similar_file(missed(f"{path}/summarise.py"), folder) == f"{path}/summarize.py"


def test_an_error_that_misses_no_file_has_none(folder: Path) -> None:
    assert similar_file("KeyError: 'samples.tsv'", folder) is None


def test_a_config_file_is_one(folder: Path) -> None:
    text = "Workflow defines configfile sample.tsv but it is not present or accessible"
    assert similar_file(text, folder) == "samples.tsv"
