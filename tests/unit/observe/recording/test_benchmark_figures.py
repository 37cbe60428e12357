"""A benchmark file's figures, if its job wrote it."""

import os
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.journal.records import Benchmark
from snakemake_logger_plugin_observe.recording.benchmark_figures import benchmark_figures

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
LINE = "1.56\t0:00:01\t63.25\t69.47\t53.24\t54.10\t0.50\t1.00\t0.00\t0.15\n"
UNKNOWN = "0.02\t0:00:00\tNA\tNA\tNA\tNA\tNA\tNA\tNA\tNA\n"
MB = 1024 * 1024


def figures(folder: Path, text: str, after: int | None = None) -> Benchmark | None:
    (folder / "b.txt").write_text(text)
    return benchmark_figures("b.txt", folder, after)


def test_one_repetition(tmp_path: Path) -> None:
    assert figures(tmp_path, HEADER + LINE) == Benchmark(
        repetitions=1,
        wall_s=1.56,
        cpu_s=0.15,
        peak_rss_bytes=round(63.25 * MB),
        read_bytes=MB // 2,
        written_bytes=MB,
    )


def test_of_repetitions_times_are_added_up_and_the_largest_peak_counts(tmp_path: Path) -> None:
    found = figures(tmp_path, HEADER + LINE + LINE.replace("63.25", "70.00"))
    assert found is not None
    assert (found.repetitions, found.wall_s, found.cpu_s) == (2, 3.12, 0.3)
    assert found.peak_rss_bytes == 70 * MB


@pytest.mark.parametrize("unmeasured", [UNKNOWN, UNKNOWN.replace("NA", "-")])
def test_what_snakemake_could_not_measure_is_unknown(tmp_path: Path, unmeasured: str) -> None:
    expected = Benchmark(repetitions=1, wall_s=0.02)
    assert figures(tmp_path, HEADER + unmeasured) == expected


def test_json_lines(tmp_path: Path) -> None:
    text = '{"s": 1.5, "max_rss": "NA", "cpu_time": 0.25}\n{"s": 0.5, "cpu_time": 0.5}\n'
    assert figures(tmp_path, text) == Benchmark(repetitions=2, wall_s=2.0, cpu_s=0.75)


@pytest.mark.parametrize("text", ["", "nonsense", HEADER, "{", "a\tb\n1\t2\n", "\0\n\xff"])
def test_a_file_without_figures_has_none(tmp_path: Path, text: str) -> None:
    assert figures(tmp_path, text) is None


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "1e300"])
def test_an_impossible_figure_is_unknown(tmp_path: Path, value: str) -> None:
    found = figures(tmp_path, f"s\tcpu_time\n1.0\t{value}\n")
    assert found == Benchmark(repetitions=1, wall_s=1.0)


def test_a_file_of_an_earlier_job_is_not_this_one_s(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text(HEADER + LINE)
    os.utime(tmp_path / "b.txt", (1000, 1000))
    assert benchmark_figures("b.txt", tmp_path, 1000 * 10**6) is not None
    assert benchmark_figures("b.txt", tmp_path, 1003 * 10**6) is None


def test_a_file_that_is_not_there_or_none_has_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert benchmark_figures("pipe", tmp_path, None) is None
    assert benchmark_figures("gone", tmp_path, None) is None
