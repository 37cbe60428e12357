"""Snakemake's own test classes for executors, run on the wrapper."""

from pathlib import Path

import pytest
from snakemake.common.tests import TestWorkflowsLocalStorageBase
from snakemake.settings.types import RemoteExecutionSettings
from snakemake_executor_plugin_cluster_generic import ExecutorSettings as GenericSettings

from snakemake_executor_plugin_timed import ExecutorSettings


class TestTimedAroundLocal(TestWorkflowsLocalStorageBase):
    """Wrapping the local executor."""

    __test__ = True

    @pytest.fixture(autouse=True)
    def _elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        self._settings = ExecutorSettings(wraps="local")

    def get_executor(self) -> str:
        return "timed"

    def get_executor_settings(self) -> ExecutorSettings:
        return self._settings


class TestTimedAroundClusterGeneric(TestTimedAroundLocal):
    """Wrapping cluster-generic, with a submit command that runs the job at once."""

    @pytest.fixture(autouse=True)
    def _around_a_cluster(self, tmp_path: Path, _elsewhere: None) -> None:
        submit = tmp_path / "submit.sh"
        submit.write_text('#!/bin/sh\nsetsid sh "$1" > "$1.out" 2>&1 < /dev/null &\necho $!\n')
        submit.chmod(0o755)
        self._settings = ExecutorSettings(
            wraps="cluster-generic", wrapped_settings=GenericSettings(submit_cmd=str(submit))
        )

    def get_remote_execution_settings(self) -> RemoteExecutionSettings:
        return RemoteExecutionSettings(seconds_between_status_checks=1, envvars=self.get_envvars())
