"""Every export format is a module of three names, and what is written holds only plain texts."""

import csv
import io
import json
from pathlib import Path
from types import ModuleType

import pytest
from answers import ESCAPES, STORIES, source
from builders import Story, begun, chain, grouped, killed, retried

from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.reporters import exports
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.exports import EXPORTERS
from snakemake_logger_plugin_observe.reporters.exports.asked import ExportAsked
from snakemake_logger_plugin_observe.reporters.exports.separated import text_of


def asked(*stories: Story, table: str | None = None) -> ExportAsked:
    runs = [story.run for story in stories]
    named = [Source(Path(f"{number}.jsonl"), run, "success") for number, run in enumerate(runs)]
    return ExportAsked(tuple(named), table)


def rows(form: str, *stories: Story, table: str | None = None) -> list[dict[str, str]]:
    text = EXPORTERS[form].render(asked(*stories, table=table))
    return list(csv.DictReader(io.StringIO(text), delimiter="\t" if form == "tsv" else ","))


@pytest.mark.parametrize("module", EXPORTERS.values(), ids=list(EXPORTERS))
def test_a_format_has_a_help_a_detail_and_a_render(module: ModuleType) -> None:
    assert module.HELP
    assert not module.HELP.endswith(".")
    assert module.DETAIL


@pytest.mark.parametrize("form", EXPORTERS)
@pytest.mark.parametrize("story", STORIES.values(), ids=list(STORIES))
def test_every_run_can_be_exported_in_every_format(form: str, story: type[Story]) -> None:
    run = story().run
    text = EXPORTERS[form].render(ExportAsked((Source(Path("a.jsonl"), run, "success"),)))
    assert text.endswith("\n")
    assert all(line.isprintable() for line in text.replace("\t", "").split("\n"))


def test_the_registry_names_every_format() -> None:
    shared = {"__init__", "asked", "separated"}
    files = {path.stem for path in Path(exports.__file__).parent.glob("*.py")}
    assert {name.replace("-", "_") for name in EXPORTERS} == files - shared


@pytest.mark.parametrize("form", ["tsv", "csv"])
def test_the_cells_of_a_table_are_texts_and_unknown_is_empty(form: str) -> None:
    one, two = rows(form, retried())
    assert (one["attempt"], one["status"], one["exit_code"]) == ("1", "failed", "3")
    assert one["ready_at"] == "2026-03-01T12:00:03.000000Z"
    assert one["compute_s"] == "3.000000"
    assert json.loads(one["wildcards"]) == {"sample": "a"}
    assert (two["attempt"], two["exit_code"], two["used_cpu_s"]) == ("2", "", "")


def test_several_runs_are_told_apart_by_the_first_column() -> None:
    found = rows("tsv", chain(), retried(), table="rules")
    assert [(row["run"], row["rule"]) for row in found] == [("0", "map"), ("1", "map")]
    assert "run" not in rows("tsv", chain(), table="rules")[0]


def test_journals_of_one_name_are_told_apart_by_their_paths() -> None:
    run = chain().run
    paths = ("a/r.jsonl", "b/r.jsonl", "b/s.jsonl.gz")
    named = tuple(Source(Path(path), run, "success") for path in paths)
    assert ExportAsked(named).labels == ["a/r.jsonl", "b/r.jsonl", "s"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (3, "3"),
        (-9, "-9"),
        (0.5, "0.500000"),
        ("plain", "plain"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM", "'@SUM"),
        ("＝1", "'＝1"),
        ("  =1", "'  =1"),
        ("a=1", "a=1"),
        ("\t=1", "\\t=1"),
        ("two\nlines\x1b[0m", "two\\nlines\\x1b[0m"),
    ],
)
def test_the_text_of_a_cell(cell: str | float | None, text: str) -> None:
    assert text_of(cell) == text


def test_a_hostile_journal_stays_text() -> None:
    story = begun().job(1, rule="=cmd()", wildcards={"s": ESCAPES})
    story.quick(1, 3, 4, 9, status="failed", message="@SUM(A1)\tb\n=c").end(10, "failed")
    (row,) = rows("tsv", story)
    assert row["rule"] == "'=cmd()"
    assert row["message"] == "'@SUM(A1)\\tb\\n=c"
    assert row["wildcards"].isprintable()


def test_stats_have_the_shape_that_snakemake_wrote() -> None:
    story = begun().job(
        1, output=("a.txt", "b.txt"), priority=0, threads=2, resources={"mem_mb": 9}
    )
    story.quick(1, 3, 3.5, 10).job(2, rule="last", output=("c.txt",), priority=(1 << 63) - 1)
    story.quick(2, 10, 12, 13).end(14)
    found = json.loads(EXPORTERS["stats"].render(asked(story)))
    assert found["total_runtime"] == 9.5
    assert found["rules"] == {
        "map": {"mean-runtime": 6.5, "min-runtime": 6.5, "max-runtime": 6.5},
        "last": {"mean-runtime": 1.0, "min-runtime": 1.0, "max-runtime": 1.0},
    }
    assert list(found["files"]) == ["a.txt", "b.txt", "c.txt"]
    assert found["files"]["b.txt"] == {
        "start-time": "Sun Mar  1 12:00:03 2026",
        "stop-time": "Sun Mar  1 12:00:10 2026",
        "duration": 6.5,
        "priority": 0,
        "resources": {"_cores": 2, "_nodes": 1, "mem_mb": 9},
    }
    assert found["files"]["c.txt"]["priority"] == "highest"


def test_stats_count_the_last_attempt_of_jobs_that_succeeded_and_members_with_their_group() -> None:
    ofretry = json.loads(EXPORTERS["stats"].render(asked(retried())))
    assert ofretry["rules"]["map"]["mean-runtime"] == 10.0
    of_group = json.loads(EXPORTERS["stats"].render(asked(grouped())))
    assert of_group["rules"]["map"] == {
        "mean-runtime": 17.0,
        "min-runtime": 17.0,
        "max-runtime": 17.0,
    }
    of_killed = json.loads(EXPORTERS["stats"].render(asked(killed())))
    assert of_killed["total_runtime"] == 6.0


def test_stats_describe_one_run_and_have_no_tables() -> None:
    with pytest.raises(JournalError, match="describes one run; name one journal"):
        EXPORTERS["stats"].render(asked(chain(), chain()))
    with pytest.raises(JournalError, match="leave out --table"):
        EXPORTERS["stats"].render(asked(chain(), table="rules"))


def test_a_source_of_the_helpers_can_be_exported() -> None:
    assert EXPORTERS["csv"].render(ExportAsked((source(chain().run),))).startswith("job_id,")
