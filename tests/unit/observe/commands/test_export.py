"""``export`` on the command line: where it writes, what it keeps, and what it says beside it."""

import json
from pathlib import Path

import pytest
from builders import chain, killed, retried
from command_line import output, write_run

from snakemake_logger_plugin_observe.__main__ import main


@pytest.fixture
def journal(workdir: Path) -> Path:
    return write_run(workdir, "20260301T120000-aaaaaa", chain())


@pytest.mark.parametrize("to", [[], ["-o", "-"]])
def test_without_a_file_the_export_alone_is_on_stdout(
    journal: Path, capsys: pytest.CaptureFixture[str], to: list[str]
) -> None:
    assert main(["export", "tsv", *to]) == 0
    out, error = output(capsys)
    assert error == ""
    header, first, second = out.splitlines()
    assert header.startswith("job_id\tattempt\trule\t")
    assert len({line.count("\t") for line in (header, first, second)}) == 1


def test_of_missing_arguments_only_the_needed_ones_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["export"])
    assert capsys.readouterr().err == (
        "snakemake-observe export: the following arguments are required: FORMAT "
        "(see snakemake-observe export --help)\n"
    )


def test_a_file_is_private_and_its_folder_is_made(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "csv", "--table", "rules", "-o", "out/rules.csv"]) == 0
    written = Path("out/rules.csv")
    assert written.stat().st_mode & 0o777 == 0o600
    assert written.read_text().splitlines()[1].startswith("map,2,2,2,0,")
    said, error = output(capsys)
    assert said == "out/rules.csv: 2 lines, written for you alone to read (0600)\n"
    assert error == ""


def test_an_existing_file_is_kept_unless_it_is_forced(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path("a.tsv")
    file.write_text("mine\n")
    file.chmod(0o644)
    assert main(["export", "tsv", "-o", "a.tsv"]) == 2
    assert output(capsys)[1] == "a.tsv: already exists; not overwritten. --force replaces it"
    assert file.read_text() == "mine\n"
    assert main(["export", "tsv", "-o", "a.tsv", "--force"]) == 0
    assert file.read_text().startswith("job_id\t")
    assert file.stat().st_mode & 0o777 == 0o600


def test_several_journals_make_one_table(
    journal: Path, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_run(workdir, "20260302T120000-bbbbbb", retried())
    assert main(["export", "tsv", str(journal), str(other)]) == 0
    lines = output(capsys)[0].splitlines()
    assert [line.split("\t")[0] for line in lines] == [
        "run",
        *["20260301T120000-aaaaaa"] * 2,
        *["20260302T120000-bbbbbb"] * 2,
    ]


def test_what_is_missing_is_said_beside_the_export(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_run(workdir, "20260301T120000-aaaaaa", killed())
    with path.open("ab") as file:
        file.write(b"torn")
    assert main(["export", "tsv"]) == 0
    out, error = capsys.readouterr()
    assert len(out.splitlines()) == 4
    assert "torn line" in error
    assert "the run has no end in its journal (" in error
    assert all(line.startswith("snakemake-observe: ") for line in error.splitlines())


def test_as_json_the_answer_says_what_was_exported(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "stats", "--format", "json"]) == 0
    found = json.loads(output(capsys)[0])
    assert (found["schema_version"], found["export"], found["path"]) == (1, "stats", None)
    assert json.loads(found["text"])["total_runtime"] == 16.5
    assert [run["status"] for run in found["runs"]] == ["success"]
    assert main(["export", "tsv", "-o", "a.tsv", "--format", "json"]) == 0
    found = json.loads(output(capsys)[0])
    assert (found["path"], found["text"]) == ("a.tsv", None)


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["stats", "--table", "rules"], "export stats: it has no tables; leave out --table"),
        (["tsv", "missing.jsonl"], "missing.jsonl: No such file or directory"),
        (["tsv", "-o", "/proc/x/y"], "/proc/x/y: No such file or directory"),
    ],
)
def test_an_error_is_one_line(
    journal: Path, capsys: pytest.CaptureFixture[str], args: list[str], reason: str
) -> None:
    assert main(["export", *args]) == 2
    assert output(capsys)[1] == reason
