"""Run tests on several versions of Snakemake, each in an environment of its own, and say how it went.

    python tests/matrix.py [--versions 9.14.6,9.22.0,latest] [pytest's arguments]

A version may name the Python that it is to run on, ``9.22.0@python3.12``; where that one is not
there, the Python that runs this script takes its place. The environments stay in
``.venv-matrix/`` and are made anew when ``pyproject.toml`` has changed.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

REPO: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = REPO / ".venv-matrix"
VERSIONS: Final = "9.14.6@python3.11,9.22.0@python3.12,latest@python3.13"
# Each with options of its own, so in a session of its own.
SUITES: Final = (("tests/unit", "tests/integration"), ("tests/conformance",), ("tests/faults",))


def main(words: list[str]) -> int:
    """Return 0 if the tests passed on every version."""
    parser = argparse.ArgumentParser(description="Run tests on several versions of Snakemake.")
    parser.add_argument("--versions", default=VERSIONS, help="default: %(default)s")
    chosen, tests = parser.parse_known_args(words)
    codes: dict[str, int] = {}
    for wanted in chosen.versions.split(","):
        version, _, python = wanted.partition("@")
        environment = made(version, _usable(python))
        print(f"== {_installed(environment)}", flush=True)
        chosen_here = any(word.startswith("tests/") for word in tests)
        for where in ((),) if chosen_here else SUITES:
            command = [str(environment / "bin" / "python"), "-m", "pytest", *where, *tests]
            code = subprocess.run(command, cwd=REPO, check=False).returncode
            codes[wanted] = max(code, codes.get(wanted, 0))
        print(f"== {_installed(environment)}: {'passed' if not codes[wanted] else 'failed'}")
    return max(codes.values())


def _usable(python: str) -> str:
    """Return *python* if it can be run here, else the one that runs this."""
    if python and shutil.which(python):
        said = subprocess.run([python, "-c", "import venv"], capture_output=True, check=False)
        if said.returncode == 0:
            return python
    return sys.executable


def made(version: str, python: str) -> Path:
    """Return the environment that has *version* of Snakemake installed; made if it is not there."""
    environment = FOLDER / version
    mark = environment / "made-from"
    recipe = hashlib.sha256((REPO / "pyproject.toml").read_bytes() + python.encode()).hexdigest()
    if mark.exists() and mark.read_text() == recipe:
        return environment
    shutil.rmtree(environment, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(environment)], check=True)
    wanted = "snakemake" if version == "latest" else f"snakemake=={version}"
    pip = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--quiet", "--editable", f"{REPO}[test,conformance]", wanted], check=True
    )
    mark.write_text(recipe)
    return environment


def _installed(environment: Path) -> str:
    """Return which Snakemake on which Python an environment has."""
    words = (
        "import platform; from importlib.metadata import version as v; "
        "print(f'Snakemake {v(\"snakemake\")} on Python {platform.python_version()}')"
    )
    python = str(environment / "bin" / "python")
    return subprocess.run(
        [python, "-c", words], capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
