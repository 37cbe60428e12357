"""Counts instructions with valgrind's callgrind: what else a machine does makes no difference.

``os.getloadavg`` calls a function of the C library that nothing else does. So it is a mark: what
callgrind has counted is written down, and counted from zero again, each time that it is called.
"""

import re
import shutil
from pathlib import Path
from typing import Final

from measuring import NotMeasured

_TOTALS: Final = re.compile(r"^totals: (\d+)", re.MULTILINE)


def counted(folder: Path) -> list[str]:
    """Return the beginning of a command line, which makes what follows be counted in *folder*.

    Raises:
        NotMeasured: if there is no valgrind.

    """
    if shutil.which("valgrind") is None:
        raise NotMeasured("not measured: there is no valgrind here (make debian-packages)")
    files = f"--callgrind-out-file={folder / 'counted'}"
    return ["valgrind", "--tool=callgrind", "--dump-before=getloadavg", files]


def pieces(folder: Path) -> list[int]:
    """Return the instructions of each piece: what was counted from every odd mark to the next."""
    dumps = sorted(folder.glob("counted.*"), key=lambda path: int(path.suffix[1:]))
    totals = [int(found[1]) for one in dumps if (found := _TOTALS.search(one.read_text()))]
    return totals[1::2]
