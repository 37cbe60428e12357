"""List the samples in a folder: one row per file that matches the pattern."""

import argparse
from pathlib import Path

from common import say, write_tsv


def main() -> None:
    """Write the samples and their files; a folder without samples is an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=Path, required=True, help="folder of FASTQ files")
    parser.add_argument("--pattern", required=True, help="which files are samples, as a glob")
    parser.add_argument("--out", type=Path, required=True, help="table of sample and file")
    arguments = parser.parse_args()

    files = sorted(path.name for path in arguments.reads.glob(arguments.pattern))
    say(f"discover: {len(files)} sample(s) match {arguments.pattern} in {arguments.reads.name}/")
    if not files:
        raise SystemExit("discover: no samples, nothing to do")
    write_tsv(arguments.out, ("sample", "file"), ((f.replace(".fq", ""), f) for f in files))


if __name__ == "__main__":
    main()
