"""Run the tests on several versions of Snakemake, each in its own environment.

    python tests/matrix.py [--versions 9.14.6,9.22.0,latest] [pytest's arguments]

A version may name its Python, ``9.22.0@python3.12``; if that is not installed, the Python that runs
this script is used. The environments stay in ``.venv-matrix/`` and are created again when
``pyproject.toml`` has changed.
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
# Each has its own options, and so its own session.
SUITES: Final = (("tests/unit", "tests/integration"), ("tests/conformance",), ("tests/faults",))


def main(args: list[str]) -> int:
    """Return 0 if the tests passed on every version."""
    parser = argparse.ArgumentParser(description="Run tests on several versions of Snakemake.")
    parser.add_argument("--versions", default=VERSIONS, help="default: %(default)s")
    options, tests = parser.parse_known_args(args)
    codes: dict[str, int] = {}
    for wanted in options.versions.split(","):
        version, _, python = wanted.partition("@")
        environment = made(version, _usable(python))
        print(f"== {_installed(environment)}", flush=True)
        named = any(arg.startswith("tests/") for arg in tests)
        for where in ((),) if named else SUITES:
            command = [str(environment / "bin" / "python"), "-m", "pytest", *where, *tests]
            code = subprocess.run(command, cwd=REPO, check=False).returncode
            codes[wanted] = max(code, codes.get(wanted, 0))
        print(f"== {_installed(environment)}: {'passed' if not codes[wanted] else 'failed'}")
    return max(codes.values())


def _usable(python: str) -> str:
    """Return *python* if it can be run here, otherwise the current one."""
    if python and shutil.which(python):
        done = subprocess.run([python, "-c", "import venv"], capture_output=True, check=False)
        if done.returncode == 0:
            return python
    return sys.executable


def made(version: str, python: str) -> Path:
    """Return the environment with *version* of Snakemake; create it if needed."""
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
    """Return the versions of Snakemake and Python in an environment."""
    code = (
        "import platform; from importlib.metadata import version as v; "
        "print(f'Snakemake {v(\"snakemake\")} on Python {platform.python_version()}')"
    )
    python = str(environment / "bin" / "python")
    return subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
