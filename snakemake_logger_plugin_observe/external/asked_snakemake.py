"""Snakemake's own command, changed in one thing: it neither keeps nor drops its inventory of files.

``live_snakemake`` starts this file as a process of its own. No flag keeps Snakemake from writing
``.snakemake/iocache`` in a dry run, or from removing it when it lists changes; with ``--dry-run``
and ``--nolock`` it is all that a question would change in the workflow's folder.
"""

import logging
import sys
from typing import Final

from snakemake import cli, persistence

_LISTS: Final = frozenset({"--list-changes", "--summary"})


def main(arguments: list[str]) -> None:
    """Run Snakemake with *arguments*, and exit as it does."""
    for one in vars(persistence).values():
        for name in ("save_iocache", "drop_iocache"):
            if isinstance(one, type) and hasattr(one, name):
                setattr(one, name, _nothing)
    if _LISTS.intersection(arguments):  # with --dry-run its log would go to stdout, too
        logging.disable(logging.WARNING)
    sys.argv = ["snakemake", *arguments]
    cli.main(arguments)


def _nothing(_persistence: object) -> None:
    return


if __name__ == "__main__":
    main(sys.argv[1:])
