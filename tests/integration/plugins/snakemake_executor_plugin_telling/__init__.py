"""cluster-generic, but it announces its jobs' states itself, in records of aws-batch's proposal.

``TELLING`` selects the form: ``neutral`` (``remote_job_state``, version 2), ``older`` (``snakesee_remote``,
version 1) or ``broken`` (nothing in it is what it should be).
"""

import os
from dataclasses import dataclass
from typing import Any, Never

from snakemake_executor_plugin_cluster_generic import Executor as Generic
from snakemake_executor_plugin_cluster_generic import ExecutorSettings as GenericSettings
from snakemake_executor_plugin_cluster_generic import common_settings

__all__ = ["Executor", "ExecutorSettings", "common_settings"]

QUEUED, STARTED, STOPPED = 1_700_000_000.25, 1_700_000_010.5, 1_700_000_020


@dataclass
class ExecutorSettings(GenericSettings):
    """As the other's."""


class Hostile:
    def __getattr__(self, name: str) -> Never:
        raise RuntimeError("no equality")

    __str__ = __repr__ = __bool__ = __eq__ = __hash__ = lambda *_: 1 / 0


class Executor(Generic):
    def tell(self, job_info: Any, phase: str, **more: Any) -> None:
        known = {
            "jobid": job_info.job.jobid,
            "executor": "telling",
            "phase": phase,
            "external_jobid": job_info.external_jobid,
            "queued_at": QUEUED,
            "queue": "spot",
            "region": "eu-west-1",
            **more,
        }
        extra = {
            "neutral": {"remote_job_state": {"schema_version": 2, **known}},
            "older": {"snakesee_remote": {"schema_version": 1, **known}},
            "broken": {
                "remote_job_state": {**dict.fromkeys(known, Hostile()), "schema_version": 2},
                "snakesee_remote": Hostile(),
            },
        }[os.environ["TELLING"]]
        text = f"Job {job_info.job.jobid} is {phase} in the cloud"
        self.logger.info(text, extra=extra)

    def report_job_submission(self, job_info: Any, *args: Any, **kwargs: Any) -> None:
        super().report_job_submission(job_info, *args, **kwargs)
        self.tell(job_info, "queued")

    def report_job_success(self, job_info: Any) -> None:
        self.tell(job_info, "running", started_at=STARTED)
        end = {"started_at": STARTED, "stopped_at": STOPPED, "exit_code": 0, "attempt": 2}
        self.tell(job_info, "succeeded", **end)
        super().report_job_success(job_info)

    def report_job_error(self, job_info: Any, *args: Any, **kwargs: Any) -> None:
        why = {"status_reason": "Host EC2 terminated", "exit_code": 137, "attempt": 1}
        self.tell(job_info, "failed", started_at=STARTED, stopped_at=STOPPED, **why)
        super().report_job_error(job_info, *args, **kwargs)
