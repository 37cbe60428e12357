"""A virtual environment per peer below build/bench, with the same Snakemake and the same Python."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from measuring import NotMeasured, say

from bench.peers import OURS, PEERS, Peer
from bench.results import BARE

REPO: Final = Path(__file__).resolve().parents[2]
BUILD: Final = REPO / "build" / "bench"
# In each of them, so that what it adds to a start is in none of the differences.
_EVERYWHERE: Final = ("snakemake-executor-plugin-cluster-generic==1.0.9",)
_HIDDEN: Final = ("SNAKEMAKE_OBSERVE", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Environment:
    """One of the environments, and the peer that is installed in it, if any."""

    folder: Path
    peer: Peer | None

    @property
    def home(self) -> Path:
        """Where programs keep a user's data and caches."""
        return self.folder / "home"

    def program(self, name: str) -> str:
        """Return a program of this environment."""
        return str(self.folder / "bin" / name)

    def variables(self, **more: str) -> dict[str, str]:
        """Return what its programs find around them; what is compiled is kept."""
        kept = {name: value for name, value in os.environ.items() if name not in _HIDDEN}
        path = f"{self.folder / 'bin'}{os.pathsep}{kept.get('PATH', os.defpath)}"
        homes = {f"XDG_{kind.upper()}_HOME": str(self.home / kind) for kind in _HOMES}
        return {**kept, "PATH": path, **homes, **more}


_HOMES: Final = ("data", "config", "cache", "state")


def make(
    wanted: Sequence[str], snakemake: str, python: str
) -> tuple[dict[str, Environment], dict[str, str]]:
    """Return the environments for the peers in *wanted*, ours and a bare one, by name.

    What cannot be installed is in the second answer, with the reason.
    """
    made: dict[str, Environment] = {}
    absent: dict[str, str] = {}
    for peer in (None, OURS, *(one for one in PEERS if one.name in wanted)):
        name = BARE if peer is None else peer.name
        environment = Environment(BUILD / "environments" / name, peer)
        try:
            _install(environment, snakemake, python)
        except subprocess.CalledProcessError as error:
            if peer in (None, OURS):
                raise NotMeasured(f"not measured: pip failed:\n{error.stderr[-2000:]}") from error
            absent[name] = _reason(error.stderr)
            say(f"{name} is left out: {absent[name]}")
            continue
        made[name] = environment
    return made, absent


def _install(environment: Environment, snakemake: str, python: str) -> None:
    """Create one environment if its recipe has changed, and bring ours up to date."""
    peer = environment.peer
    distributions = peer.distributions if peer is not None else ()
    recipe = json.dumps([python, snakemake, *_EVERYWHERE, *distributions])
    mark = environment.folder / hashlib.sha256(recipe.encode()).hexdigest()
    if not mark.exists():
        say(f"creating {environment.folder.relative_to(REPO)}")
        shutil.rmtree(environment.folder, ignore_errors=True)
        _run(python, "-m", "venv", str(environment.folder))
        _pip(environment, f"snakemake=={snakemake}", *_EVERYWHERE, *distributions)
        for kind in _HOMES:
            (environment.home / kind).mkdir(parents=True)
        mark.write_text(recipe)
    if peer is OURS:  # as the tree is now; its dependencies first, in case they have changed
        _pip(environment, str(REPO))
        _pip(environment, "--force-reinstall", "--no-deps", str(REPO))


def _pip(environment: Environment, *arguments: str) -> None:
    _run(environment.program("python"), "-m", "pip", "install", "--quiet", *arguments)


def _run(*command: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in _HIDDEN}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=kept).stdout


def _reason(said: str) -> str:
    """Return pip's last line, which says why."""
    lines = [line for line in said.splitlines() if line.startswith("ERROR")]
    if any("Requires-Python" in line or "different python version" in line for line in lines):
        return "no release of it runs on this Python"
    return lines[-1] if lines else said.strip()[-200:]


def machine(environment: Environment) -> dict[str, str]:
    """Return what the figures depend on."""
    python = environment.program("python")
    cpu = [line for line in _cpuinfo() if line.startswith("model name")]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": cpu[0].partition(":")[2].strip() if cpu else platform.machine(),
        "memory": f"{memory:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": _run(python, "-c", "import platform; print(platform.python_version())").strip(),
    }


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def versions(environments: dict[str, Environment]) -> dict[str, str]:
    """Return the versions of what is compared, by environment."""
    found = {}
    for name, environment in environments.items():
        peer = environment.peer
        if peer is None:
            wanted = ["snakemake"]
        elif peer is OURS:
            wanted = ["snakemake-logger-plugin-observe"]
        else:
            wanted = list(peer.distributions)
        code = "import sys, importlib.metadata as m; [print(n, m.version(n)) for n in sys.argv[1:]]"
        lines = _run(environment.program("python"), "-c", code, *wanted).splitlines()
        found[name] = ", ".join(lines)
    return found
