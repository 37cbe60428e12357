"""Writes docs/conformance.md from the suite's records: python table.py [RECORDS] [PAGE]."""

import json
import sys
from pathlib import Path
from typing import Any

REPO = Path(__file__).parents[2]
sys.path[:0] = [str(REPO / "tests" / "conformance"), str(REPO / "tests" / "helpers")]

from cases import EXECUTORS, Case, every_case  # noqa: E402  # found by the path above

HEAD = """# Conformance: nothing changed

Each row is one small workflow of `tests/conformance`, run bare and with both plugins
(`--logger observe --executor timed`), on one machine and through a submit command. **same** means that
all of this was equal in the two runs: exit code, standard output and error (except for the plugins' one
line), what the jobs printed on the node, every file with its content and mode, Snakemake's log, metadata,
incomplete markers, locks and other folders of `.snakemake`, after every call if there are several,
and what a bare dry run then prints in both folders; and that the journal describes the run correctly.
A run that succeeded, or had nothing to do, has no incident and no symptom in `triage`, but for retried
failures and one case that is made to leave a failed job's output; unchanged work is the same work.

Times, ids that every process creates anew, and the folder's own path are made equal before the comparison.
Where Snakemake prints a whole Python traceback or the command of a process it started, the plugins' frames
and flags are left out. Where the order of jobs is random in the bare run too, lines are compared without
their order.

`make test-conformance` runs all of it; `make conformance-table` writes this page from the results.
`make test-conformance CONFORMANCE=--switches` does the same with `--timed-wake on --timed-quick-exit on`,
and so does every second case of the sample that runs at each change.
"""


def page(records: list[dict[str, Any]], cases: list[Case]) -> str:
    """Return the page for *records*, one per version of Snakemake."""
    lines = [
        HEAD,
        "| Snakemake | Python | executor | same | differs | not run |",
        "|---|---|---|---|---|---|",
    ]
    for record in records:
        for executor in EXECUTORS:
            found = [record["cases"].get(case.name, {}).get(executor) for case in cases]
            counts = [
                sum(one is not None and one["outcome"] == outcome for one in found)
                for outcome in ("same", "differs", "not run")
            ]
            cells = " | ".join(map(str, counts))
            lines.append(f"| {record['snakemake']} | {record['python']} | {executor} | {cells} |")
    versions = [record["snakemake"] for record in records]
    columns = [f"{version} {executor}" for version in versions for executor in EXECUTORS]
    for family in dict.fromkeys(case.family for case in cases):
        lines += ["", f"## {family.capitalize()}", "", f"| feature | {' | '.join(columns)} |"]
        lines.append("|---" * (len(columns) + 1) + "|")
        for case in cases:
            if case.family == family:
                feature = case.feature.partition(": ")[2].replace("|", "\\|")
                cells = [_cell(record, case, one) for record in records for one in EXECUTORS]
                lines.append(f"| {feature} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(record: dict[str, Any], case: Case, executor: str) -> str:
    if executor not in case.executors:
        return "–"
    result = record["cases"].get(case.name, {}).get(executor)
    if result is None:
        return "not run"
    why = f": {result['why']}" if "why" in result else ""
    return f"{result['outcome']}{why}".replace("|", "\\|")


def _in_order(record: dict[str, Any]) -> list[int]:
    return [int(part) for part in record["snakemake"].split(".") if part.isdecimal()]


def main() -> int:
    """Write the page; return 1 if there are no records."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REPO / "build" / "conformance"
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else REPO / "docs" / "conformance.md"
    records = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    if not records:
        print(f"{folder} contains no record: run make test-conformance first", file=sys.stderr)
        return 1
    target.write_text(page(sorted(records, key=_in_order), every_case()))
    print(f"{target} written from {len(records)} records")
    return 0


if __name__ == "__main__":
    sys.exit(main())
