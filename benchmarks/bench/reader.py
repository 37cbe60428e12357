"""What reading a journal takes, by its size, next to ``json.loads`` over the same lines.

The journals are synthetic (see ``synthetic.py``) and lie in a folder of their own each, where the
bare command and ``runs`` find them as they would find a run's. Each command is a whole process.
"""

import hashlib
import subprocess
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from measuring import run

from bench.environments import BUILD, REPO, Environment
from bench.peers import OURS
from bench.results import LOADS, STARTS, Sample, in_rounds

MEASURE = "reader"
_FEW = 10_000
_WRITER = Path(__file__).parents[1] / "synthetic.py"
COMMANDS = {
    "bare": (),
    "cost --format json": ("cost", "{journal}", "--format", "json"),
    "jobs": ("jobs", "{journal}"),
    "path": ("path", "{journal}"),
    "why": ("why", "{journal}"),
    "runs": ("runs",),
    "check budgets": ("check", "budgets.toml", "{journal}"),
    "triage": ("triage", "{journal}"),
    "compare": ("compare", "{journal}", "{journal}"),
    "whatif": ("whatif", "{journal}", "--jobs", "800"),
}
"""By name: the arguments of each."""
DEFAULT = tuple(COMMANDS)[:7]
"""Those that are measured if no others are asked for."""
_BUDGETS = """\
version = 1
[max]
makespan_s = 1e9
failed_jobs = 1000000
retries = 1000000
class_share.scheduling = 1
"""
_PLAIN = "import json, sys\nwith open(sys.argv[1], 'rb') as f:\n    for line in f: json.loads(line)"


def measure(
    environments: dict[str, Environment],
    jobs: int,
    rounds: int,
    call: str,
    *,
    commands: Sequence[str] = DEFAULT,
) -> Iterator[Sample]:
    """Yield samples of each of *commands* on a journal of *jobs* jobs."""
    ours = environments[OURS.name]
    folder, journal = journal_of(jobs, ours)
    observe = ours.program("snakemake-observe")
    processes = {
        LOADS: [ours.program("python"), "-c", _PLAIN, str(journal)],
        STARTS: [observe, "--version"],
        **{
            name: [observe, *(word.format(journal=journal) for word in COMMANDS[name])]
            for name in commands
        },
    }

    with journal.open("rb") as lines:  # line by line: this process must stay small
        attempts = sum(b'"attempt_finished"' in line for line in lines)

    def once(command: list[str]) -> dict[str, float]:
        used = run(command, folder, ours.variables())
        return {
            "cpu_s": used.cpu_s,
            "wall_s": used.wall_s,
            "peak_mb": used.peak_mb,
            "journal_bytes": journal.stat().st_size,
            "attempts": attempts,
        }

    if jobs <= _FEW:  # what is slow only once makes no difference to more
        for command in processes.values():
            once(command)
    each = [(name, partial(once, command)) for name, command in processes.items()]
    yield from in_rounds(MEASURE, jobs, each, rounds, call)


def journal_of(jobs: int, ours: Environment) -> tuple[Path, Path]:
    """Return a folder with a run of *jobs* jobs, and its journal; written with the code of now."""
    folder = BUILD / "journals" / str(jobs)
    journal = folder / ".snakemake" / "observe" / "20260101T000000-000000.jsonl"
    written_by = folder / "written-by"
    code = _code()
    if not (written_by.exists() and written_by.read_text() == code):
        journal.parent.mkdir(parents=True, exist_ok=True)
        (folder / "budgets.toml").write_text(_BUDGETS)
        # In a process of its own: what this one would grow to, its children would seem to use.
        subprocess.run(
            [ours.program("python"), str(_WRITER), str(jobs), str(journal)],
            check=True,
            env=ours.variables(),
        )
        written_by.write_text(code)
    return folder, journal


def _code() -> str:
    """Return a digest of all code that a journal may depend on."""
    package = REPO / "snakemake_logger_plugin_observe"
    texts = [path.read_bytes() for path in (_WRITER, *sorted(package.rglob("*.py")))]
    return hashlib.sha256(b"".join(texts)).hexdigest()
