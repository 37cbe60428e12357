"""What-ifs against reality: each run predicted from one other run, and then really run.

The example workflow and a synthetic one of some hundreds of jobs (a fan-out of chains of small
sleeps, joined by ten) run under several ``--cores``, ``--jobs``, groups and polling intervals: on
this machine, through cluster-generic, and with ``--slurm`` on the Slurm that the environment names
(``tests/slurm/cluster.py up``, then its ``env``). Of each series the first run is measured, and
``snakemake-observe whatif`` predicts the others from its journal alone. Printed are predicted
against measured, and their median and worst error: at most 10 % and 25 %.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from measuring import NotMeasured, environment, program, run, say, table, verdict

_REPO: Final = Path(__file__).resolve().parents[1]
_EXAMPLE: Final = _REPO / "example_workflow"
_SUBMIT: Final = _EXAMPLE / "profiles" / "cluster-generic" / "submit.py"

_SYNTHETIC: Final = """
S = [str(n) for n in range({samples})]
SLEEP = {sleep}
rule all:
    input: expand("join/{{b}}", b=range(({samples} + 9) // 10))
rule first:
    output: "first/{{s}}"
    params: t=lambda w: SLEEP * (0.5 + int(w.s) % 5 / 5)
    shell: "sleep {{params.t}}; touch {{output}}"
rule second:
    input: "first/{{s}}"
    output: "second/{{s}}"
    params: t=lambda w: SLEEP * (0.4 + int(w.s) % 3 / 3)
    shell: "sleep {{params.t}}; touch {{output}}"
rule third:
    input: "second/{{s}}"
    output: "third/{{s}}"
    params: t=SLEEP / 2
    shell: "sleep {{params.t}}; touch {{output}}"
rule join:
    input: lambda w: ["third/" + s for s in S[int(w.b) * 10 : int(w.b) * 10 + 10]]
    output: "join/{{b}}"
    params: t=SLEEP
    shell: "sleep {{params.t}}; touch {{output}}"
"""

_LOCAL: Final = ("--executor", "timed", "--timed-wraps", "local")
_GENERIC: Final = (
    *("--executor", "timed", "--timed-wraps", "cluster-generic"),
    *("--cluster-generic-submit-cmd", f"python3 {_SUBMIT}", "--latency-wait", "10"),
)
_SLURM: Final = (
    *("--executor", "timed", "--timed-wraps", "slurm", "--latency-wait", "10"),
    *("--default-resources", "slurm_account=test", "runtime=5", "mem_mb=200"),
)
_POLL: Final = "--seconds-between-status-checks"
_SLURM_POLL: Final = "--slurm-init-seconds-before-status-checks"
_PAIRS: Final = ("--groups", "second=g", "--group-components", "g=2")


class Way(NamedTuple):
    """One way to run a workflow: Snakemake's words, and the same as an alternative."""

    words: tuple[str, ...]
    setting: str


class Series(NamedTuple):
    """Runs of one workflow; the first is measured, the others are predicted from it."""

    name: str
    workflow: str
    samples: int
    sleep_s: float
    words: tuple[str, ...]
    ways: tuple[Way, ...]


class Case(NamedTuple):
    """A prediction, and what came true."""

    name: str
    base: str
    setting: str
    measured_s: float
    predicted_s: float

    @property
    def error(self) -> float:
        """By how much the prediction was off, of what was measured."""
        return (self.predicted_s - self.measured_s) / self.measured_s


def _cores(*numbers: int) -> tuple[Way, ...]:
    return tuple(Way(("--cores", str(n)), f"cores={n}") for n in numbers)


def _cluster(jobs: int, poll: int, *more: str, group: str = "", flag: str = _POLL) -> Way:
    words = ("--jobs", str(jobs), flag, str(poll), *more)
    return Way(words, f"jobs={jobs} poll={poll} {group}".strip())


_HERE: Final = (
    Series("synthetic, local", "synthetic", 100, 0.5, _LOCAL, _cores(4, 2, 8, 16)),
    Series("example, local", "example", 0, 0, _LOCAL, _cores(1, 2, 4)),
    Series(
        "synthetic, cluster-generic",
        "synthetic",
        20,
        4,
        _GENERIC,
        (
            _cluster(4, 2),
            _cluster(2, 2),
            _cluster(6, 2),
            _cluster(4, 10),
            _cluster(4, 1, *_PAIRS, group="group=second=2"),
        ),
    ),
    Series(
        "example, cluster-generic",
        "example",
        0,
        0,
        _GENERIC,
        (_cluster(2, 2), _cluster(1, 2), _cluster(2, 8), _cluster(3, 1)),
    ),
)
_ON_SLURM: Final = (
    Series(
        "example, slurm",
        "example",
        1,
        0,
        _SLURM,
        (
            _cluster(4, 20, flag=_SLURM_POLL),
            _cluster(4, 2, flag=_SLURM_POLL),
            _cluster(1, 5, flag=_SLURM_POLL),
        ),
    ),
)


def _really_run(series: Series, way: Way, folder: Path) -> Path:
    """Run a workflow one way in *folder*; return its journal."""
    folder.mkdir()
    more: tuple[str, ...] = ()
    if series.workflow == "synthetic":
        text = _SYNTHETIC.format(samples=series.samples, sleep=series.sleep_s)
        (folder / "Snakefile").write_text(text)
    else:
        more = ("-s", str(_EXAMPLE / "Snakefile"))
        if series.samples:
            (folder / "reads").mkdir()
            for reads in sorted((_EXAMPLE / "data" / "reads").glob("*.fq"))[-series.samples :]:
                (folder / "reads" / reads.name).write_bytes(reads.read_bytes())
            more += ("--config", f"reads_dir={folder / 'reads'}")
    run(
        [
            *(sys.executable, "-m", "snakemake", *more, *series.words, *way.words),
            *("--logger", "observe"),
        ],
        folder,
        environment(PYTHONPATH=os.environ.get("PYTHONPATH", "")),
    )
    (journal,) = (folder / ".snakemake" / "observe").glob("*.jsonl")
    return journal


def _answer(*words: str) -> dict[str, object]:
    """Return what ``snakemake-observe`` answers in JSON."""
    command = [program("snakemake-observe"), *words, "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"not measured: {done.stderr}")
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def _cases(series: Series, folder: Path) -> list[Case]:
    folder.mkdir()
    first, *others = series.ways
    base = _really_run(series, first, folder / "base")
    answer = _answer("whatif", str(base), *(w for o in others for w in ("--with", o.setting)))
    found = []
    predictions = answer["predictions"]
    assert isinstance(predictions, list)
    for number, (way, prediction) in enumerate(zip(others, predictions, strict=True)):
        journal = _really_run(series, way, folder / str(number))
        measured = _answer("whatif", str(journal))["measured_s"]
        assert isinstance(measured, float)
        case = Case(series.name, first.setting, way.setting, measured, prediction["predicted_s"])
        found.append(case)
        say(f"{case.name}: {case.setting}: {case.predicted_s:.1f} s, {case.measured_s:.1f} s")
    return found


def _show(cases: Sequence[Case]) -> None:
    table(
        "Predicted from one other run, against measured",
        ("workflow", "predicted from", "what if", "predicted s", "measured s", "error %"),
        [
            (
                case.name,
                case.base,
                case.setting,
                f"{case.predicted_s:.1f}",
                f"{case.measured_s:.1f}",
                f"{100 * case.error:+.1f}",
            )
            for case in cases
        ],
    )
    errors = [100 * abs(case.error) for case in cases]
    verdict(
        "what-if against reality",
        [(statistics.median(errors), 10, "% median"), (max(errors), 25, "% worst")],
    )


def main() -> None:
    """Run all series, and print what was predicted against what came true."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slurm", action="store_true", help="also on the Slurm that there is")
    parser.add_argument("--only", default="", help="only series whose name has this in it")
    words = parser.parse_args()
    picked = [*_HERE, *(_ON_SLURM if words.slurm else ())]
    picked = [series for series in picked if words.only in series.name]
    with tempfile.TemporaryDirectory(prefix="whatif-") as folder:
        cases = [
            case
            for number, series in enumerate(picked)
            for case in _cases(series, Path(folder) / str(number))
        ]
    _show(cases)


if __name__ == "__main__":
    main()
