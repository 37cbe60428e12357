"""An executor for tests: runs jobs on this machine as a cluster would, and fails as FAULTY names it."""

import os
import subprocess
from typing import Any

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

# The thread that polls is there before the constructor fails, and prints what it meets if it wakes
# while the interpreter shuts down: whether it does is random in the bare run, too. So it sleeps.
_ASLEEP_S = 30 if os.environ.get("FAULTY") == "constructor" else 0

common_settings = CommonSettings(
    init_seconds_before_status_checks=_ASLEEP_S,
    non_local_exec=True,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    pass_default_storage_provider_args=True,
    pass_default_resources_args=True,
    pass_envvar_declarations_to_cmd=True,
    auto_deploy_default_storage_provider=False,
)


def _may_fail(where: str) -> None:
    if os.environ.get("FAULTY") == where:
        raise RuntimeError(f"no {where} today")


class Executor(RemoteExecutor):
    def __post_init__(self) -> None:
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        _may_fail("constructor")

    def run_jobs(self, jobs: Any) -> None:
        _may_fail("run_jobs")
        super().run_jobs(jobs)

    def run_job(self, job: Any) -> None:
        _may_fail("run_job")
        script = self.get_jobscript(job)
        self.write_jobscript(job, script)
        # In the session of the run, so that the test can end it with it.
        process = subprocess.Popen(
            ["sh", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.processes[str(process.pid)] = process
        self.report_job_submission(SubmittedJobInfo(job, external_jobid=str(process.pid)))

    async def check_active_jobs(self, active_jobs: Any) -> Any:
        for one in active_jobs:
            _may_fail("check_active_jobs")
            code = self.processes[one.external_jobid].poll()
            if code is None:
                yield one
            elif code == 0:
                self.report_job_success(one)
            else:
                self.report_job_error(one, msg=f"exit code {code}. ")

    def cancel_jobs(self, active_jobs: Any) -> None:
        for process in self.processes.values():
            process.terminate()
        _may_fail("cancel_jobs")

    def shutdown(self) -> None:
        super().shutdown()
        _may_fail("shutdown")
