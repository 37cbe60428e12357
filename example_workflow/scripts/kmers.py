"""Count the k-mers of a sample's reads.

The counting itself is in the module `kmer_counting`, imported from the folder that the
environment variable KMER_COUNTING_DIR names, like a library that the machine provides. The
rule cannot see which version it gets; only the log shows it.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

from common import read_fastq, say, write_tsv


def main() -> None:
    """Write each k-mer and its count, in alphabetical order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=Path, required=True, help="FASTQ")
    parser.add_argument("-k", type=int, required=True, help="length of a k-mer")
    parser.add_argument("--out", type=Path, required=True, help="table of k-mer and count")
    arguments = parser.parse_args()

    sys.path.insert(0, os.environ["KMER_COUNTING_DIR"])
    kmer_counting = importlib.import_module("kmer_counting")
    say(f"kmers: kmer_counting version {kmer_counting.VERSION}")

    counts = kmer_counting.count((r.sequence for r in read_fastq(arguments.reads)), arguments.k)
    write_tsv(arguments.out, ("kmer", "count"), sorted(counts.items()))
    say(f"kmers: {len(counts)} distinct {arguments.k}-mers, {counts.total()} in all")


if __name__ == "__main__":
    main()
