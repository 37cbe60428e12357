"""The tables of docs/performance.md, made from samples."""

import re

import pytest
from bench import document, hooks, imports, local_jobs, reader
from bench.peers import PEERS
from bench.results import BARE, STARTS, Results, Sample
from bench.runs import WITH_TIMED
from bench.spans import span
from bench.targets import rows


def local(variant: str, round_: str, cpu_s: float) -> Sample:
    values = {
        "cpu_s": cpu_s,
        "wall_s": 2 * cpu_s,
        "peak_mb": 75 + cpu_s,
        "end_s": 1.0,
        "recorded_bytes": 1_000_000.0,
    }
    return Sample(local_jobs.MEASURE, 400, variant, round_, values)


IMPORTED = {"taken_ms": 3.5, "flags_ms": 0.5, "modules": 4}
RESULTS = Results(
    samples=[
        *(local(BARE, "a/0", 10), local(WITH_TIMED, "a/0", 10.1), local("rich", "a/0", 11)),
        *(local(BARE, "a/1", 20), local(WITH_TIMED, "a/1", 20.1), local("rich", "a/1", 21)),
        Sample(imports.MEASURE, 0, "observe", "a/0", IMPORTED),
    ]
)


def test_a_span_has_the_median_and_the_extremes() -> None:
    assert span([3, 1, 2]).show(".1f") == "2.0 (1.0 to 3.0)"
    assert span([1.001, 1.002]).show(".1f") == "1.0"


def test_ratios_and_differences_are_to_the_bare_run_of_the_same_round() -> None:
    made = document._TABLES["400 local jobs"](RESULTS)
    assert made == (
        "|  | CPU s | times bare | wall s | MB more | s more at the end | bytes per job |\n"
        "| --- | --: | --: | --: | --: | --: | --: |\n"
        "| bare | 15.0 (10.0 to 20.0) |  | 30.0 (20.0 to 40.0) |  |  |  |\n"
        "| observe + timed | 15.1 (10.1 to 20.1) | 1.008 (1.005 to 1.010) "
        "| 30.2 (20.2 to 40.2) | 0.1 | 0.00 | 2,500 |\n"
        "| rich | 16.0 (11.0 to 21.0) | 1.075 (1.050 to 1.100) | 32.0 (22.0 to 42.0) | 1.0 | 0.00 "
        "| 2,500 |\n"
    )


def test_a_target_is_met_or_a_gap_or_was_not_measured() -> None:
    found = {row[0]: row[1:] for row in rows(RESULTS)}
    assert found["CPU of 400 trivial local jobs"] == (
        "≤ 1.015 times bare",
        "1.008 (1.005 to 1.010)",
        "met",
    )
    assert found["both packages, installed and unused"] == ("≤ 3 ms of CPU", "3.50", "**gap**")
    assert found["on the node, per submission"] == ("≤ 20 ms of CPU", "not measured", "")


def test_our_cpu_from_inside_is_that_of_all_our_threads() -> None:
    inside = {
        "scheduler_us_per_job": 100.0,
        "other_threads_us_per_job": 50.0,
        "once_ms": 40.0,
    }
    recorder = {**RESULTS.samples[1].values, "recorder_s": 0.2}
    results = Results(
        samples=[
            local(BARE, "a/0", 10),
            Sample(local_jobs.MEASURE, 400, WITH_TIMED, "a/0", recorder),
            Sample(hooks.MEASURE, 400, WITH_TIMED, "a/0", inside),
        ]
    )
    found = {row[0]: row[2] for row in rows(results)}
    assert found["the same, by the CPU of our own code"] == "1.030"


def test_the_document_has_each_table_once() -> None:
    marked = re.findall(r"<!-- bench: (.*) -->", document.PAGE.read_text())
    assert sorted(marked) == sorted(document._TABLES)


def test_text_written_by_hand_and_tables_without_samples_stay(
    tmp_path: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "performance.md"
    page.write_text(
        "By hand.\n"
        + "".join(
            f"<!-- bench: {name} -->\nold\n<!-- end -->\nMore.\n" for name in document._TABLES
        )
    )
    monkeypatch.setattr(document, "PAGE", page)
    monkeypatch.setattr(document.pictures, "draw", lambda results, folder: None)
    document.write(RESULTS)
    written = page.read_text()
    assert written.startswith("By hand.\n")
    assert written.count("More.\n") == len(document._TABLES)
    assert "<!-- bench: cluster jobs -->\nold\n<!-- end -->\n" in written
    assert "| observe + timed | 15.1 (10.1 to 20.1) |" in written


def test_how_reading_grows_is_without_what_a_start_takes() -> None:
    results = Results(
        samples=[
            Sample(
                reader.MEASURE,
                size,
                variant,
                "a/0",
                {"cpu_s": cpu, "peak_mb": 30 + size / 1024, "wall_s": cpu},
            )
            for size, variant, cpu in (
                (1000, STARTS, 0.5),
                (1000, "path", 1.0),
                (10_000, "path", 5.5),
            )
        ]
    )
    made = document._TABLES["slope"](results)
    assert made.splitlines()[-1] == "| 1,000 to 10,000: `path` | 500.0 | 1.00 | 1.00 |"


def test_each_peer_is_known_to_leave_something_or_to_say_that_it_is_there() -> None:
    assert all((peer.record is None) == bool(peer.says) for peer in PEERS)
    assert {peer.name for peer in PEERS} <= set(document._KINDS)
