"""Copy the public results into one folder with a manifest of SHA-256 sums (run by `script:`)."""

import hashlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from common import say


def publish(files: Sequence[Path], results: Path, manifest: Path) -> None:
    """Recreate the manifest's folder, so that no file of an earlier run stays in it.

    The files keep their paths below *results*. `sha256sum -c` reads the manifest.
    """
    folder = manifest.parent
    shutil.rmtree(folder)
    lines = []
    for source in sorted(files):
        name = source.relative_to(results)
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        content = source.read_bytes()
        target.write_bytes(content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name.as_posix()}\n")
    manifest.write_text("".join(lines))
    say(f"publish: {len(lines)} files in {folder}")


job = snakemake  # noqa: F821 - Snakemake puts this object into a script
sys.stderr = Path(job.log[0]).open("w")  # noqa: SIM115 - open until the script ends
publish([Path(path) for path in job.input], Path("results"), Path(job.output.manifest))
