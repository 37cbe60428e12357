"""What a submit command prints on stderr reaches the console, and is known if it fails."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from snakemake_executor_plugin_timed.submit_stderr import SubmitStderr

NAME = "snakemake_executor_plugin_pretended"


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module of an executor, which runs its submit command as cluster-generic does."""
    module = ModuleType(NAME)
    module.subprocess = subprocess  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, NAME, module)
    return module


@pytest.fixture
def kept(plugin: Any) -> Iterator[SubmitStderr]:
    keeper = SubmitStderr()
    executor = type("Executor", (), {"__module__": NAME})()
    assert keeper.install(executor)
    yield keeper
    keeper.close()


def submit(plugin: Any, command: str) -> Any:
    return plugin.subprocess.check_output(["sh", "-c", command])


def test_what_a_failed_command_printed_is_kept_and_passed_on(
    plugin: Any, kept: SubmitStderr, capfd: pytest.CaptureFixture[str]
) -> None:
    kept.begin()
    with pytest.raises(subprocess.CalledProcessError) as failure:
        submit(plugin, "echo 17; echo sbatch: error: no such account >&2; exit 3")
    assert kept.printed() == b"sbatch: error: no such account\n"
    assert (failure.value.returncode, failure.value.output) == (3, b"17\n")
    kept.close()
    assert capfd.readouterr().err == "sbatch: error: no such account\n"


def test_only_what_was_printed_since_its_begin_is_a_submission_s(
    plugin: Any, kept: SubmitStderr
) -> None:
    for text in ("first", "second"):
        kept.begin()
        assert submit(plugin, f"echo {text} >&2; echo 17") == b"17\n"
        assert kept.printed().decode().strip() == text
        kept.end()
    assert kept.printed() == b""


def test_only_commands_of_a_submission_are_given_another_stderr(
    plugin: Any, kept: SubmitStderr
) -> None:
    target = "readlink /proc/self/fd/2"
    console = submit(plugin, target)
    kept.begin()
    assert submit(plugin, target) != console
    elsewhere: list[bytes] = []
    thread = threading.Thread(target=lambda: elsewhere.append(submit(plugin, target)))
    thread.start()
    thread.join()
    assert elsewhere == [console]


def test_a_stderr_that_is_taken_already_stays_as_it_is(plugin: Any, kept: SubmitStderr) -> None:
    kept.begin()
    both = plugin.subprocess.check_output(
        ["sh", "-c", "echo 17; echo why >&2"], stderr=subprocess.STDOUT
    )
    assert both == b"17\nwhy\n"
    done = plugin.subprocess.run(["sh", "-c", "echo why >&2"], capture_output=True)
    assert (done.stderr, kept.printed()) == (b"why\n", b"")
    assert plugin.subprocess.PIPE is subprocess.PIPE


def test_without_a_tee_commands_run_as_without_us(
    plugin: Any, kept: SubmitStderr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    kept.begin()
    assert plugin.subprocess.check_output(["/bin/sh", "-c", "echo 17"]) == b"17\n"
    assert kept.printed() == b""


def test_a_job_in_the_background_goes_on_printing_after_the_end(
    plugin: Any, kept: SubmitStderr, tmp_path: Any
) -> None:
    """Its stderr is still read when Snakemake keeps nothing any more, so that no signal ends it."""
    kept.begin()
    go, done = tmp_path / "go", tmp_path / "done"
    command = f"(while [ ! -e {go} ]; do sleep 0.01; done; echo late >&2; touch {done}) > {os.devnull} & echo 17"
    assert submit(plugin, command) == b"17\n"
    kept.close()
    go.touch()
    for _ in range(500):
        if done.exists():
            break
        threading.Event().wait(0.01)
    assert done.exists()


def test_other_modules_and_executors_are_left_alone() -> None:
    executor = type("Executor", (), {"__module__": "snakemake.executors.local"})()
    assert not SubmitStderr().install(executor)
    assert not SubmitStderr().install(type("Executor", (), {"__module__": "not_loaded"})())
