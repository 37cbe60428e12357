"""Writes the tables of docs/performance.md between its markers, and its pictures.

``<!-- bench: NAME -->`` begins a table and ``<!-- end -->`` ends it; other text is left as it is.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from measuring import NotMeasured

from bench import cluster_jobs, hooks, imports, local_jobs, pictures, reader, starts, targets
from bench.environments import REPO
from bench.peers import OURS, PEERS
from bench.results import BARE, LOADS, STARTS, Results
from bench.runs import WITH_TIMED
from bench.spans import span

PAGE: Final = REPO / "docs" / "performance.md"
_MARKED: Final = re.compile(r"(<!-- bench: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_KINDS: Final = {
    OURS.name: "a journal",
    WITH_TIMED: "a journal, with the phases of each job",
    "snakesee": "a file of events",
    "snkmt": "rows of SQLite",
    "flowo": "HTTP requests, with PostgreSQL behind them",
    "rich": "nothing: a console",
    "prometheus": "nothing: metrics while it runs",
}


def write(results: Results) -> None:
    """Write all tables and pictures from *results*; a table of what was not measured stays."""
    text = PAGE.read_text()
    names = {match[2] for match in _MARKED.finditer(text)}
    if names != set(_TABLES):
        raise NotMeasured(f"{PAGE} has not the tables {sorted(set(_TABLES) ^ names)}")

    def filled(match: re.Match[str]) -> str:
        made = _TABLES[match[2]](results)
        return match[0] if made is None else f"{match[1]}{made}{match[3]}"

    PAGE.write_text(_MARKED.sub(filled, text))
    pictures.draw(results, PAGE.parent / "pictures")


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str | None:
    """Return a table, whose first column is text and whose others are figures; None if empty."""
    known = [tuple(row) for row in rows]
    if not known:
        return None
    lines = [columns, ("---", *("--:" for _ in columns[1:])), *known]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _machine(results: Results) -> str | None:
    if not results.machine:
        return None
    days = sorted(one.round.partition("T")[0] for one in results.samples)
    snakemake = results.versions[BARE].removeprefix("snakemake ")
    rows = [("measured", " to ".join(dict.fromkeys((days[0], days[-1]))))]
    rows += [*results.machine.items(), ("Snakemake", snakemake)]
    notes = {one.name: one.note for one in PEERS}
    rows += [
        (name, "; ".join(filter(None, (told, notes.get(name)))))
        for name, told in results.versions.items()
        if name != BARE and name not in results.absent
    ]
    rows += [(name, f"not measured: {why}") for name, why in results.absent.items()]
    table = markdown(("", ""), rows)
    return table and table.replace("--:", "---")


def _targets(results: Results) -> str | None:
    return markdown(("what", "target", "measured", ""), targets.rows(results))


def _imports(results: Results) -> str | None:
    rows = []
    for name in results.variants(imports.MEASURE):
        values = {
            key: results.values(imports.MEASURE, 0, name, key)
            for key in ("taken_ms", "flags_ms", "modules")
        }
        cells = [span(values[key]).show(".1f") for key in ("taken_ms", "flags_ms")]
        instructions = results.values(imports.INSTRUCTIONS, 0, name, "million_instructions")
        counted = span(instructions).show(".1f") if instructions else ""
        rows.append((name, *cells, f"{values['modules'][0]:.0f}", counted))
    columns = ("imported and registered, ms", "its flags, ms", "modules", "million instructions")
    return markdown(("installed, not used", *columns), rows)


def _starts(results: Results) -> str | None:
    rows = []
    for name in results.variants(starts.VERSION):
        cells = []
        for measure in (starts.VERSION, starts.DRY_RUN):
            for size in results.sizes(measure):
                cells += [
                    span(results.values(measure, size, name, "cpu_s")).show(),
                    _compared(results.pairs(measure, size, name, "cpu_s"), _minus, ".2f"),
                ]
        rows.append((name, *cells))
    columns = ("", "`--version`, CPU s", "more", "`-n`, CPU s", "more")
    return markdown(columns, rows)


def _minus(bare: float, other: float) -> float:
    return other - bare


def _times(bare: float, other: float) -> float:
    return other / bare


def _compared(
    pairs: Iterable[tuple[float, float]], how: Callable[[float, float], float], form: str
) -> str:
    """Return how a variant compares with another in each round; nothing if there is no pair."""
    found = [how(*pair) for pair in pairs]
    return span(found).show(form) if found else ""


def _local(jobs: int) -> Callable[[Results], str | None]:
    def table(results: Results) -> str | None:
        measure = local_jobs.MEASURE
        rows = []
        for name in results.variants(measure):
            if not results.of(measure, jobs, name):
                continue
            cpu = span(results.values(measure, jobs, name, "cpu_s"))
            wall = span(results.values(measure, jobs, name, "wall_s"))
            recorded = span(results.values(measure, jobs, name, "recorded_bytes")).median / jobs
            rows.append(
                (
                    name,
                    cpu.show(".1f"),
                    _compared(results.pairs(measure, jobs, name, "cpu_s"), _times, ".3f"),
                    wall.show(".1f"),
                    _compared(results.pairs(measure, jobs, name, "peak_mb"), _minus, ".1f"),
                    _compared(results.pairs(measure, jobs, name, "end_s"), _minus, ".2f"),
                    "" if name == BARE else f"{recorded:,.0f}",
                )
            )
        columns = ("", "CPU s", "times bare", "wall s", "MB more", "s more at the end")
        return markdown((*columns, "bytes per job"), rows)

    return table


def _recorded(results: Results) -> str | None:
    names = results.variants(local_jobs.MEASURE)
    found = markdown(
        ("", "what a run leaves"), [(one, _KINDS[one]) for one in names if one != BARE]
    )
    return found and found.replace("--:", "---")


def _threads(results: Results) -> str | None:
    rows = []
    for size in results.sizes(hooks.MEASURE)[-1:]:
        for shown, key in (
            ("the main thread, in which the scheduler runs, µs per job", "scheduler_us_per_job"),
            ("Snakemake's other threads, µs per job", "other_threads_us_per_job"),
            ("all of these, once per run, ms", "once_ms"),
        ):
            found = results.values(hooks.MEASURE, size, WITH_TIMED, key)
            rows.append((shown, span(found).show(".0f")))
    for size in results.sizes(local_jobs.MEASURE):
        spent = results.values(local_jobs.MEASURE, size, WITH_TIMED, "recorder_s")
        if spent:
            found = [1e6 * value / size for value in spent]
            shown = f"the recorder's own thread, {size:,} jobs, µs per job"
            rows.append((shown, span(found).show(".0f")))
    return markdown(("observe + timed, CPU of our code in", ""), rows)


def _cluster(results: Results) -> str | None:
    measure, rows = cluster_jobs.MEASURE, []
    for size in results.sizes(measure)[-1:]:
        for name in results.variants(measure):
            main, node = (
                [1000 * value / size for value in results.values(measure, size, name, key)]
                for key in ("cpu_s", "node_cpu_s")
            )
            shown = [
                _compared(
                    results.pairs(measure, size, name, key),
                    lambda bare, other, size=size: 1000 * (other - bare) / size,
                    ".1f",
                )
                for key in ("cpu_s", "node_cpu_s")
            ]
            rows.append((name, span(main).show(".0f"), shown[0], span(node).show(".0f"), shown[1]))
    columns = ("per submission", "main process, CPU ms", "more", "node, CPU ms", "more")
    return markdown(columns, rows)


def _reader(results: Results) -> str | None:
    rows = []
    for size in results.sizes(reader.MEASURE):
        for name in results.variants(reader.MEASURE):
            if not results.of(reader.MEASURE, size, name):
                continue
            cpu, wall, peak = (
                span(results.values(reader.MEASURE, size, name, key))
                for key in ("cpu_s", "wall_s", "peak_mb")
            )
            pairs = results.pairs(reader.MEASURE, size, name, "cpu_s", than=LOADS)
            times = _compared(pairs, _times, ".1f")
            rows.append(
                (
                    f"{size:,}: {_command(name)}",
                    cpu.show(),
                    wall.show(),
                    times,
                    "" if name == LOADS else peak.show(".0f"),
                )
            )
    return markdown(("jobs: command", "CPU s", "wall s", "times json.loads", "peak MB"), rows)


def _command(name: str) -> str:
    if name == LOADS:
        return "`json.loads` of each line"
    return "`snakemake-observe`" if name == "bare" else f"`{name}`"


def _slope(results: Results) -> str | None:
    measure = reader.MEASURE
    rows = [
        (f"{few:,} to {many:,}: {_command(name)}", *_slopes(results, few, many, name))
        for few, many in pairwise(results.sizes(measure))
        for name in results.variants(measure)
        if name != STARTS and all(results.of(measure, size, name) for size in (few, many))
    ]
    columns = ("CPU ms per 1,000 more", "kB per job more", "exponent of CPU")
    return markdown(("from, to: command", *columns), rows)


def _slopes(results: Results, few: int, many: int, name: str) -> Iterator[str]:
    """Yield what more jobs take, and the power of their number with which CPU grows."""
    cpu, peak = (
        [span(results.values(reader.MEASURE, size, name, key)).median for size in (few, many)]
        for key in ("cpu_s", "peak_mb")
    )
    yield f"{1e6 * (cpu[1] - cpu[0]) / (many - few):.1f}"
    yield "" if name == LOADS else f"{1024 * (peak[1] - peak[0]) / (many - few):.2f}"
    start = 0.0
    if name != LOADS:
        start = span(results.values(reader.MEASURE, few, STARTS, "cpu_s")).median
    beyond = [max(value - start, 1e-3) for value in cpu]
    yield f"{math.log(beyond[1] / beyond[0]) / math.log(many / few):.2f}"


_TABLES: Final[dict[str, Callable[[Results], str | None]]] = {
    "machine": _machine,
    "targets": _targets,
    "imports": _imports,
    "starts": _starts,
    "400 local jobs": _local(400),
    "5000 local jobs": _local(5000),
    "recorded": _recorded,
    "threads": _threads,
    "cluster jobs": _cluster,
    "reader": _reader,
    "slope": _slope,
}
