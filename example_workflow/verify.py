"""Check the files that a run published: the manifest's SHA-256 sums and rules for the content.

Prints one line per file or problem. Exit code 0: all is well; 1: there are problems;
2: there is nothing to check.
"""

import argparse
import csv
import hashlib
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

MANIFEST = "MANIFEST.sha256"
SUMMARY = "summary.tsv"
PER_SAMPLE = ("quality", "kmers", "screen")


def check_manifest(published: Path) -> Iterator[tuple[bool, str]]:
    """Compare each listed file with its sum, and find files that are not listed."""
    listed = {MANIFEST}
    for line in (published / MANIFEST).read_text().splitlines():
        expected, _, name = line.partition("  ")
        listed.add(name)
        path = published / name
        if not path.is_file():
            yield False, f"{name}: missing"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            yield False, f"{name}: SHA-256 differs from the manifest"
        else:
            yield True, f"{name}: OK"
    found = {p.relative_to(published).as_posix() for p in published.rglob("*") if p.is_file()}
    for name in sorted(found - listed):
        yield False, f"{name}: not in the manifest"


def check_content(published: Path, min_reads: int) -> Iterator[tuple[bool, str]]:
    """Check that each sample is complete and kept enough reads, and no more than it had."""
    with (published / SUMMARY).open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    for row in rows:
        sample, reads, kept = row["sample"], int(row["reads"]), int(row["kept"])
        for kind in PER_SAMPLE:
            if not (published / kind / f"{sample}.tsv").is_file():
                yield False, f"{sample}: no {kind} result"
        if kept > reads:
            yield False, f"{sample}: {kept} reads kept, but there were only {reads}"
        if kept < min_reads:
            yield False, f"{sample}: {kept} reads kept, at least {min_reads} are required"
    yield bool(rows), f"{SUMMARY}: {len(rows)} sample(s)"


def main() -> int:
    """Check one run and print the findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="the run's working directory")
    parser.add_argument("--min-reads", type=int, default=0, help="kept reads a sample needs")
    args = parser.parse_args()

    published = args.run / "results" / "published"
    problems = []
    try:
        for good, line in chain(
            check_manifest(published), check_content(published, args.min_reads)
        ):
            print(line)
            if not good:
                problems.append(line)
    except OSError as error:
        print(f"verify: cannot read {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except (KeyError, ValueError) as error:
        print(f"verify: {published / SUMMARY} is no summary table: {error}", file=sys.stderr)
        return 2
    if problems:
        print(f"verify: {len(problems)} problem(s), the first: {problems[0]}")
        return 1
    print("verify: all is well")
    return 0


if __name__ == "__main__":
    sys.exit(main())
