"""The short form of ``make fuzz``: a fixed seed, mutants of built and of real journals."""

import subprocess
import sys
from pathlib import Path

import pytest
import reading
import seeds
from lab import BOTH, Lab

FUZZ = Path(__file__).with_name("fuzz.py")
WORKFLOW = """
    rule all:
        input: "joined.txt", "fails.txt"
    checkpoint split:
        output: directory("parts")
        shell: "mkdir -p {output}; touch {output}/a {output}/b"
    rule one:
        input: "parts/{part}"
        output: "one/{part}"
        log: "logs/{part}.log"
        group: "ones"
        shell: "echo 'line {wildcards.part}' > {log}; touch {output}"
    def joined(wildcards):
        folder = checkpoints.split.get().output[0]
        return expand("one/{part}", part=sorted(os.listdir(folder)))
    rule join:
        input: joined
        output: "joined.txt"
        threads: 2
        resources: mem_mb=100
        shell: "touch {output}"
    rule fails:
        output: "fails.txt"
        log: "logs/fails.log"
        retries: 1
        shell: "echo 'Error: no such file' > {log}; exit 3"
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the journals of real runs: local and on a cluster, both failed."""
    folder = tmp_path_factory.mktemp("real")
    for name in ("local", "cluster"):
        lab = Lab(folder / name)
        lab.folder.mkdir()
        lab.snakefile(WORKFLOW)
        flags = ("--cores", "2") if name == "local" else lab.cluster()
        lab.snakemake(*BOTH, *flags, "--keep-going", check=False)
    assert len(list(folder.rglob("*.jsonl"))) == 2
    return folder


def test_no_mutant_of_a_journal_makes_the_reader_crash_hang_leak_or_write(real: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, str(FUZZ), "--seed", "1", "--runs", "500", "--processes", "2"),
            *("--seconds", "15", "--journals", str(real)),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


HOLES = {
    "raised: ZeroDivisionError": "1 / 0",
    "exit code 7": "sys.exit(7)",
    "stdout has control characters": "print('\\x1b[2J')",
    "stdout shows a file outside": "print((Path('../outside') / 'canary').read_text())",
    "read outside of the folder": "(Path('../outside') / 'canary').read_text()",
    "changed files": "Path('.snakemake/observe/new').touch()",
    "open changes": "Path('new').absolute().touch()",
    "started a program": "subprocess.run(['true'])",
    "more than one line on stderr": "print('a\\nb', file=sys.stderr)",
}


@pytest.mark.parametrize("found", HOLES)
def test_the_fuzzer_sees_a_hole(
    found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hole(_arguments: list[str]) -> int:
        exec(HOLES[found], globals())  # noqa: S102 - written above
        return 0

    monkeypatch.setattr(reading, "main", hole)
    case = reading.new_case(tmp_path / "case", 1, 1, seeds.built())
    case.arguments = ["jobs"]  # some commands may write
    assert any(problem.startswith(found) for problem in reading.run(case))
