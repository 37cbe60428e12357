"""Another user puts links, pipes and folders into the working directory: nothing goes through them."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from fault_table import fault
from harness import journal_says, ours, started, wait_until, warnings
from lab import BOTH, Lab, attempts_of

from snakemake_logger_plugin_observe.run.unobserved import NO_NODE_STAMPS

LOCAL = ("--cores", "1")
ALICE, BOB, GROUP = 12345, 23456, 34567
AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root, to be two users"
)
ONE = "rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n"
IN_TURN = """
    rule all:
        input: "attack.txt"
        output: "all.txt"
        shell: "touch {output}"
    rule attack:
        output: "attack.txt"
        shell: "sh attack.sh; touch {output}"
"""
THEIRS = "a link of another user leads there, which is not followed"
MOVED = "a link in a folder that others can write to leads there, which is not followed"
PLANTED = {
    "link": 'ln -s "$private" "$own"',
    "folder with a link": 'mkdir -m 700 "$own"; ln -s "$private/new" "$own/1.fragment"; '
    'ln -s "$private/new" "$own/2.fragment"',
    "folder with a pipe": 'mkdir -m 700 "$own"; mkfifo "$own/1.fragment" "$own/2.fragment"',
    "pipe": 'mkfifo "$own"',
}


@pytest.fixture
def private(lab: Lab) -> Path:
    """Return a folder of the user's own, outside of the working directory."""
    folder = lab.folder.parent / "private"
    folder.mkdir(mode=0o700)
    (folder / "key").write_text("nobody's business\n")
    (folder / "key").chmod(0o600)
    return folder


def unchanged(private: Path) -> bool:
    """Whether nothing was written to, or removed from, the user's own folder."""
    (path,) = private.rglob("*")
    return path.read_text() == "nobody's business\n"


@fault(
    "while the run goes on, the folder of its fragments is replaced by a link to a folder of the "
    "user's, by a pipe, or by a folder with links and pipes in it",
    snakemake="as bare; nothing is written through them, and no job waits",
    journal="the attempts, `success`; those that started afterwards without timing from the node",
)
@pytest.mark.parametrize("what", PLANTED)
def test_a_replaced_folder_of_fragments(lab: Lab, private: Path, what: str) -> None:
    lab.snakefile(IN_TURN)
    (lab.folder / "attack.sh").write_text(
        f"private={private}\nown=$(ls -d .snakemake/observe/*/)\nown=${{own%/}}\n"
        f'mv "$own" "$own.moved"\n{PLANTED[what]}\n'
    )
    done = lab.snakemake(*BOTH, *lab.cluster())
    assert warnings(done.stderr) == []
    run = lab.run()
    (later,) = attempts_of(run, "all")
    assert (later.status, later.unobserved) == ("success", (NO_NODE_STAMPS,))
    assert unchanged(private)


@fault(
    "a failed job's log is replaced by a link to a private file",
    snakemake="as bare",
    journal="the attempt, `failed`, without the file's text, and that it is a link",
)
def test_a_log_that_is_replaced_by_a_link(lab: Lab, private: Path) -> None:
    lab.snakefile(f"""
        rule all:
            output: "a.txt"
            log: "logs/a.log"
            shell: "rm -f {{log}}; ln -s {private}/key {{log}}; exit 3"
    """)
    lab.snakemake(*LOCAL, *BOTH, check=False)
    (journal,) = lab.journals
    assert "nobody's business" not in journal.read_text()
    (attempt,) = attempts_of(lab.run(), "all")
    assert [(one.lines, one.problem) for one in attempt.logs] == [
        ((), "it is a link, which is not followed")
    ]


@fault(
    "links named as a killed run names its leftovers point to old files of the user's",
    snakemake="as bare",
    journal="complete; nothing is removed through them",
)
def test_clean_up_where_links_are_planted(lab: Lab, private: Path) -> None:
    lab.snakefile(ONE)
    kept = lab.folder.parent / "kept" / ("a" * 32)
    kept.mkdir(mode=0o700, parents=True)
    for path in (kept / "1.fragment", kept / kept.name, kept):
        if path != kept:
            path.touch()
        os.utime(path, (1, 1))
    observe = lab.folder / ".snakemake" / "observe"
    observe.mkdir(parents=True)
    (observe / kept.name).symlink_to(kept)
    (observe / ("b" * 32)).symlink_to(kept.parent)
    lab.snakemake(*LOCAL, *BOTH)
    assert len(list(kept.iterdir())) == 2
    assert {path.name for path in observe.iterdir() if path.is_symlink()} == {"a" * 32, "b" * 32}
    assert lab.run().status() == "success"


# -- two users ------------------------------------------------------------------------------------


def as_user(user: int) -> list[str]:
    """Return what runs a command as *user*, who may read what root may (Python, this project)."""
    may = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    who = ("--reuid", str(user), "--regid", str(GROUP), "--clear-groups")
    return ["setpriv", *who, *may]


@dataclass
class UserLab(Lab):
    """A lab in which a user runs Snakemake; the tests' own user is root."""

    user: int = ALICE

    def command(self, *arguments: str) -> list[str]:
        """Return the command as that user."""
        umask = ("sh", "-c", 'umask 002; exec "$@"', "sh")
        return [*as_user(self.user), *umask, *super().command(*arguments)]

    def environment(self, **more: str) -> dict[str, str]:
        home = self.folder.parent / f"home-{self.user}"
        if not home.is_dir():
            home.mkdir(mode=0o700)
            os.chown(home, self.user, GROUP)
        names = {"HOME": str(home), "USER": f"u{self.user}", "LOGNAME": f"u{self.user}"}
        return super().environment(**names, **more)


@pytest.fixture
def shared(lab: Lab) -> UserLab:
    """Return a lab in a folder that both users write to."""
    os.chown(lab.folder, ALICE, GROUP)
    lab.folder.chmod(0o2775)
    return UserLab(lab.folder)


@fault(
    "two users run in turn in one working directory, to which both may write",
    snakemake="as bare, for both",
    journal="one each, of mode 0600, with the node's phases; the reader names the other user",
)
@AS_ROOT
def test_two_users_in_turn_in_one_folder(shared: UserLab) -> None:
    shared.snakefile(ONE)
    flags = shared.cluster()
    for user in (ALICE, BOB):
        shared.user = user
        done = shared.snakemake(*BOTH, *flags, "--forceall")
        assert warnings(done.stderr) == []
    alices, bobs = shared.journals
    assert [path.stat().st_uid for path in (alices, bobs)] == [ALICE, BOB]
    for path in (alices, bobs):
        assert path.stat().st_mode & 0o777 == 0o600
        (attempt,) = attempts_of(shared.run(path), "all")
        assert attempt.unobserved == ()
        assert "node_startup" in attempt.phases
    assert shared.observe("cost").stdout.splitlines()[0].endswith(f" · by user {BOB}")
    assert shared.fragments() == []


@fault(
    "while a job waits in the queue, another user puts a link to the working directory in the place "
    "of the folder of fragments, and gives a file of the user's the name of the job's fragment",
    snakemake="as bare; nothing is written to that file",
    journal="the attempt, `success`, without timing from the node",
)
@AS_ROOT
def test_a_link_to_the_working_directory_for_the_folder_of_fragments(shared: UserLab) -> None:
    shared.snakefile(ONE)
    flags = shared.cluster()
    submit = shared.folder / "submit.sh"
    submit.write_text(
        submit.read_text().replace('sleep "$1"', "until [ -e go ]; do sleep 0.1; done")
    )
    precious = shared.folder / "precious.csv"
    precious.write_text("1,2\n")
    precious.chmod(0o600)
    os.chown(precious, ALICE, GROUP)
    attack = """
        cd .snakemake/observe; own=$(echo ????????????????????????????????); mv $own moved
        ln -s ../.. $own; cd ../..; mv precious.csv 1.fragment; ln -s 1.fragment $own; touch go
    """
    with started(shared, *BOTH, *flags) as process:
        wait_until(journal_says(shared, '"attempt_submitted"'))
        subprocess.run([*as_user(BOB), "sh", "-ec", attack], cwd=shared.folder, check=True)
        assert process.wait(600) == 0
    assert (shared.folder / "1.fragment").read_text() == "1,2\n"
    (attempt,) = attempts_of(shared.run(), "all")
    assert (attempt.status, attempt.unobserved) == ("success", (NO_NODE_STAMPS,))


@fault(
    "in a working directory to which others may write, the folder of a failed job's log is replaced "
    "by a link of the user's own that was elsewhere in it",
    snakemake="as bare",
    journal="the attempt, `failed`, without the text of the file that the link leads to, and why",
)
@AS_ROOT
def test_a_folder_of_logs_that_is_a_moved_link(shared: UserLab, private: Path) -> None:
    shared.snakefile("""
        rule all:
            output: "a.txt"
            log: "logs/key"
            shell: "mv logs logs.moved; mv data logs; exit 3"
    """)
    (shared.folder / "data").symlink_to(private)
    for path in (private, private / "key", shared.folder / "data"):
        os.lchown(path, ALICE, GROUP)
    shared.snakemake(*LOCAL, *BOTH, check=False)
    (journal,) = shared.journals
    assert "nobody's business" not in journal.read_text()
    (attempt,) = attempts_of(shared.run(), "all")
    assert [(one.lines, one.problem) for one in attempt.logs] == [((), MOVED)]


@fault(
    "the folder for journals is a link to a folder of the user's, made by another user, or by the "
    "user where others can have moved it",
    snakemake="runs, with one warning; nothing is written there",
    journal="none; where `--logger-observe-dir` names a folder, that the node's phases are not "
    "observed, and why",
)
@AS_ROOT
@pytest.mark.parametrize("named", [False, True], ids=["default", "named"])
@pytest.mark.parametrize(("owner", "why"), [(BOB, THEIRS), (ALICE, MOVED)], ids=["theirs", "own"])
def test_a_folder_for_journals_that_is_another_users_link(
    shared: UserLab, private: Path, owner: int, why: str, named: bool
) -> None:
    shared.snakefile(ONE)
    flags = shared.cluster()
    for path in (private, private / "key"):
        os.chown(path, ALICE, GROUP)
    (shared.folder / ".snakemake").mkdir()
    os.chown(shared.folder / ".snakemake", BOB, GROUP)
    (shared.folder / ".snakemake").chmod(0o2775)
    (shared.folder / ".snakemake" / "observe").symlink_to(private)
    os.lchown(shared.folder / ".snakemake" / "observe", owner, GROUP)
    where = ("--logger-observe-dir", str(shared.folder / "journals")) if named else ()
    done = shared.snakemake(*BOTH, *flags, *where)
    assert unchanged(private)
    if named:
        (journal,) = (shared.folder / "journals").glob("*.jsonl")
        (reason,) = (m.text for m in shared.run(journal).messages if m.kind == "unobserved")
        assert reason.endswith(f"({why})")
    else:
        (warning,) = ours(done.stderr)
        assert "no journal, the run goes on: " in warning
        assert f"({why}); --logger-observe-dir names another folder" in warning


@fault(
    "another user has planted pipes and links called like our files, and empty folders",
    snakemake="as bare",
    journal="complete; what they planted is as it was",
)
@AS_ROOT
def test_what_another_user_has_planted_beforehand(shared: UserLab, private: Path) -> None:
    shared.snakefile(ONE)
    observe = shared.folder / ".snakemake" / "observe"
    observe.mkdir(parents=True)
    (observe / ("a" * 32)).mkdir()
    os.mkfifo(observe / "0123456789ab-1.fragment")
    os.mkfifo(observe / "99991231T235959-aaaaaa.jsonl")
    (observe / f"latency-{os.getpid()}").symlink_to(private / "key")
    planted = sorted(observe.iterdir())
    for path in (observe.parent, observe, *planted):
        os.lchown(path, BOB, GROUP)
        if path not in planted:
            path.chmod(0o2775)
    done = shared.snakemake(*BOTH, *shared.cluster())
    assert warnings(done.stderr) == []
    left = set(observe.iterdir())
    assert left > set(planted)
    (journal,) = (path for path in left - set(planted) if path.suffix == ".jsonl")
    (attempt,) = attempts_of(shared.run(journal), "all")
    assert attempt.unobserved == ()
    assert unchanged(private)
    assert subprocess.run(
        ["find", str(observe), "-user", str(BOB)], capture_output=True, check=True
    )
    answer = shared.observe("cost")
    assert (answer.returncode, journal.name in answer.stdout) == (0, True)
