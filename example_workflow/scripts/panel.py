"""Select the sequences to screen against from the whole panel."""

import argparse
import sys
from pathlib import Path

from common import read_fasta, say, write_fasta

EXIT_MISSING_SEQUENCE = 13


def main() -> int:
    """Write the targets as FASTA; a target that the panel lacks ends the tool with code 13."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panel", type=Path, required=True, help="FASTA of all sequences")
    parser.add_argument("--targets", nargs="+", required=True, help="names to select")
    parser.add_argument("--out", type=Path, required=True, help="FASTA of the selected ones")
    arguments = parser.parse_args()

    panel = read_fasta(arguments.panel)
    say(f"panel: {len(panel)} sequences in {arguments.panel.name}")
    for target in arguments.targets:
        if target not in panel:
            say(f"{arguments.panel.name}: no such sequence: {target}")
            return EXIT_MISSING_SEQUENCE
    write_fasta(arguments.out, {target: panel[target] for target in arguments.targets})
    say(f"panel: selected {len(arguments.targets)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
