"""Our console output never disturbs the run."""

import errno
import io
import logging
import sys
import threading

import pytest

from snakemake_logger_plugin_observe import console


def test_a_warning_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    console.warn("no journal")
    assert tuple(capsys.readouterr()) == ("", "snakemake-observe: no journal\n")


def test_with_stderr_closed_from_the_start_nothing_goes_to_stdout(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    console.warn("no journal")
    assert capsys.readouterr().out == ""


def test_a_stderr_that_was_closed_later_causes_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = io.StringIO()
    gone.close()
    monkeypatch.setattr(sys, "stderr", gone)
    console.warn("no journal")


class OnAFullDisk(io.StringIO):
    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_under_stderr_causes_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", OnAFullDisk())
    console.warn("no journal")


def test_only_the_first_of_several_warn_once_calls_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_warned_before", [])
    console.warn_once("first")
    console.warn_once("second")
    assert capsys.readouterr().err == "snakemake-observe: first\n"


def test_an_error_becomes_one_short_line() -> None:
    assert console.sentence(ValueError("a\nb")) == "ValueError: a"
    assert len(console.sentence(ValueError("x" * 1000))) == 300


def test_a_warning_waits_until_snakemake_has_written_its_own_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = io.StringIO()
    handler = logging.StreamHandler(shown)
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(logging.getLogger("snakemake.logging"), "handlers", [handler])
    warning = threading.Thread(target=console.warn, args=["no journal"])
    with handler.lock:
        shown.write("Snakemake says ")
        warning.start()
        warning.join(0.2)
        shown.write("something\n")
    warning.join()
    assert shown.getvalue() == "Snakemake says something\nsnakemake-observe: no journal\n"
