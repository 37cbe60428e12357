"""Screen a sample's reads against the panel by the k-mers they share."""

import argparse
import time
from collections import Counter
from pathlib import Path

from common import kmers_of, read_fasta, read_fastq, reverse_complement, say, write_tsv

K = 15
MIN_SHARED = 5


def index_of(panel: dict[str, str]) -> dict[str, str]:
    """Map each k-mer of both strands to the sequence it comes from."""
    return {
        kmer: name
        for name, sequence in panel.items()
        for strand in (sequence, reverse_complement(sequence))
        for kmer in kmers_of(strand, K)
    }


def best_hit(sequence: str, index: dict[str, str]) -> str | None:
    """Return the panel sequence that shares the most k-mers with a read, if it shares enough."""
    shared = Counter(index[kmer] for kmer in kmers_of(sequence, K) if kmer in index)
    name, count = max(shared.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    return name if count >= MIN_SHARED else None


def main() -> None:
    """Write how many reads hit each panel sequence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=Path, required=True, help="FASTQ of trimmed reads")
    parser.add_argument("--panel", type=Path, required=True, help="FASTA")
    parser.add_argument("--slow-s", type=float, default=0.0, help="wait this long before work")
    parser.add_argument("--out", type=Path, required=True, help="table of target and hits")
    arguments = parser.parse_args()

    if arguments.slow_s:
        say(f"screen: waiting {arguments.slow_s:g} s for the reference server")
        time.sleep(arguments.slow_s)
    panel = read_fasta(arguments.panel)
    index = index_of(panel)
    hits = Counter(best_hit(read.sequence, index) for read in read_fastq(arguments.reads))
    write_tsv(arguments.out, ("target", "reads"), [(name, hits[name]) for name in panel])
    say(f"screen: {hits.total() - hits[None]} of {hits.total()} reads hit the panel")


if __name__ == "__main__":
    main()
