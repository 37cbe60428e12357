"""Measure the quality of a sample's reads."""

import argparse
import sys
from pathlib import Path

from common import read_fastq, say, write_tsv

EXIT_NO_SCRATCH = 13


def main() -> int:
    """Write one row of read statistics.

    `--ready-at-attempt 2` imitates a node whose scratch space is not mounted yet: the first
    attempt ends with code 13, the second one works.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=Path, required=True, help="FASTQ")
    parser.add_argument("--attempt", type=int, default=1, help="which attempt of the job this is")
    parser.add_argument("--ready-at-attempt", type=int, default=1, help="first one that works")
    parser.add_argument("--out", type=Path, required=True, help="table of one row")
    arguments = parser.parse_args()

    if arguments.attempt < arguments.ready_at_attempt:
        say(f"quality: scratch space is not mounted yet (attempt {arguments.attempt})")
        return EXIT_NO_SCRATCH

    reads = list(read_fastq(arguments.reads))
    bases = sum(len(read.sequence) for read in reads)
    strong = sum(read.sequence.count("G") + read.sequence.count("C") for read in reads)
    total = sum(sum(read.scores()) for read in reads)
    per_base = max(bases, 1)
    write_tsv(
        arguments.out,
        ("reads", "bases", "mean_quality", "gc"),
        [(len(reads), bases, f"{total / per_base:.2f}", f"{strong / per_base:.4f}")],
    )
    say(f"quality: {len(reads)} reads, mean quality {total / per_base:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
