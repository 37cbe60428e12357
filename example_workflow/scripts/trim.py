"""Cut bad bases from the 3' ends and drop reads that become too short."""

import argparse
from pathlib import Path

from common import Read, read_fastq, say, write_fastq, write_tsv


def trimmed(read: Read, min_quality: int) -> Read:
    """Cut the tail in which every base is below *min_quality*."""
    scores = read.scores()
    while scores and scores[-1] < min_quality:
        scores.pop()
    return Read(read.name, read.sequence[: len(scores)], read.qualities[: len(scores)])


def main() -> None:
    """Write the remaining reads, and how many there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=Path, required=True, help="FASTQ")
    parser.add_argument("--min-quality", type=int, required=True)
    parser.add_argument("--min-length", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="FASTQ of the trimmed reads")
    parser.add_argument("--counts", type=Path, required=True, help="table of one row")
    arguments = parser.parse_args()

    reads = [trimmed(read, arguments.min_quality) for read in read_fastq(arguments.reads)]
    kept = [read for read in reads if len(read.sequence) >= arguments.min_length]
    write_fastq(arguments.out, kept)
    write_tsv(arguments.counts, ("reads", "kept"), [(len(reads), len(kept))])
    say(f"trim: kept {len(kept)} of {len(reads)} reads")


if __name__ == "__main__":
    main()
