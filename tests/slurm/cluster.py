"""A throw-away Slurm on this one machine: real daemons, several emulated nodes, accounting.

    python tests/slurm/cluster.py up      install what is missing, configure, start, prove it works
    python tests/slurm/cluster.py env     print what a client has to have in its environment
    python tests/slurm/cluster.py down    cancel all jobs, stop everything (--purge: and forget it)

It needs root and Debian 12; there, Slurm 22.05 comes from the distribution. Everything lives in
one folder and listens on a loopback address. Two things lie outside of that folder: the packages,
and the link ``/etc/slurm/slurm.conf``. The link is there because a client that lost its SLURM_CONF
has to find the cluster too: Snakemake's slurm-jobstep executor strips every ``SLURM_*`` variable
from the ``srun`` that it starts inside a job.

Tests import ``up``, ``down``, ``environment`` and ``Cluster``. Whatever goes wrong is a
``ClusterError`` of one line.
"""

import argparse
import contextlib
import dataclasses
import fcntl
import ipaddress
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

DEFAULT_DIRECTORY = Path("/tmp/observe-slurm")
DEFAULT_CONF = Path("/etc/slurm/slurm.conf")
ACCOUNT = "test"

_PATIENCE_S = 60.0  # for each stage of `up`: seconds on an idle machine, more on a busy one
_POLL_S = 0.05
_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# The -core packages of MariaDB lack its init script and system database; both are created here.
_PROGRAMS = {
    "munged": "munge",
    "mariadbd": "mariadb-server-core",
    "mariadb": "mariadb-client-core",
    "slurmdbd": "slurmdbd",
    "slurmctld": "slurmctld",
    "slurmd": "slurmd",
    "sbatch": "slurm-client",
}
_PLUGINS = {
    "accounting_storage_mysql.so": "slurm-wlm-mysql-plugin",
    "accounting_storage_slurmdbd.so": "slurm-wlm-basic-plugins",
}
_POLICY = Path("/usr/sbin/policy-rc.d")


class ClusterError(Exception):
    """There is no usable cluster; the message is the reason, in one line."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The cluster's nodes and ports."""

    nodes: int = 4
    cpus: int = 16
    mem: int = 65536  # MB, of each node
    port: int = 16900  # the first of 10 + nodes consecutive ones
    extra: tuple[str, ...] = ()  # lines for slurm.conf; KEY=VALUE replaces the default of KEY

    @property
    def database_port(self) -> int:
        return self.port

    @property
    def controller_port(self) -> int:
        return self.port + 1

    @property
    def accounting_port(self) -> int:
        return self.port + 2

    @property
    def node_ports(self) -> dict[str, int]:
        return {f"n{i}": self.port + 9 + i for i in range(1, self.nodes + 1)}

    def check(self) -> None:
        """Refuse what no Slurm could be made of."""
        if self.nodes < 1 or self.cpus < 1 or self.mem < 1:
            raise ClusterError("nodes, cpus and mem have to be at least 1")
        if not 1024 <= self.port <= 65535 - 10 - self.nodes:
            raise ClusterError(f"port {self.port} leaves no room for {self.nodes} nodes")
        if any("\n" in line for line in self.extra):
            raise ClusterError("an extra line of slurm.conf has to be one line")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in the cluster's folder."""

    directory: Path

    def __post_init__(self) -> None:
        # Slurm's files know no quoting; the path of a UNIX socket ends at 107 bytes.
        if not re.fullmatch(r"(/[\w.+-]+)+", str(self.directory), re.ASCII):
            raise ClusterError(f"the folder has to be an absolute, plain path: {self.directory}")
        if len(str(self.directory)) > 80:
            raise ClusterError(f"the folder's path is too long for sockets: {self.directory}")

    @property
    def lock(self) -> Path:
        """The lock, by which a folder is known as a cluster's."""
        return self.directory / ".observe-slurm.lock"

    @property
    def conf(self) -> Path:
        return self.directory / "etc" / "slurm.conf"

    @property
    def accounting_conf(self) -> Path:
        """The file that slurmdbd reads next to the one that SLURM_CONF names."""
        return self.directory / "etc" / "slurmdbd.conf"

    @property
    def cgroup_conf(self) -> Path:
        return self.directory / "etc" / "cgroup.conf"

    @property
    def munge_key(self) -> Path:
        return self.directory / "etc" / "munge.key"

    @property
    def munge_socket(self) -> Path:
        return self.directory / "run" / "munge.sock"

    @property
    def database(self) -> Path:
        return self.directory / "db"

    @property
    def database_socket(self) -> Path:
        return self.directory / "run" / "mariadb.sock"

    @property
    def run(self) -> Path:
        return self.directory / "run"

    @property
    def records(self) -> Path:
        """One file for each daemon that was started: its identity."""
        return self.directory / "records"

    @property
    def proven(self) -> Path:
        """The identities of the daemons that a job has already been through."""
        return self.directory / "proven"

    @property
    def home(self) -> Path:
        """The working directory of all daemons, by which their offspring is known."""
        return self.directory / "home"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def spool(self) -> Path:
        return self.directory / "spool"

    def make(self) -> None:
        """Make the folders, and the key that everybody here trusts."""
        parts = (self.conf.parent, self.run, self.records, self.home, self.log, self.state)
        for part in (*parts, self.spool, self.database):
            part.mkdir(mode=0o755, exist_ok=True)
        if not self.munge_key.exists():
            _write(self.munge_key, os.urandom(1024), 0o400)


class Process(NamedTuple):
    """A process that cannot be taken for a later one with the same number."""

    pid: int
    started: int  # in the kernel's ticks since boot

    @classmethod
    def with_pid(cls, pid: int) -> Self | None:
        """Return the process that has the number now; none, if it has ended."""
        fields = _stat(pid)
        return None if not fields or fields[0] in "ZX" else cls(pid, int(fields[19]))

    @property
    def alive(self) -> bool:
        return Process.with_pid(self.pid) == self

    def kill(self, number: signal.Signals) -> None:
        """Send a signal, if the process is still there."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass(frozen=True, slots=True)
class Daemon:
    """One of the cluster's daemons, running or not."""

    name: str
    layout: Layout

    @property
    def output(self) -> Path:
        return self.layout.log / f"{self.name}.out"

    @property
    def record(self) -> Path:
        return self.layout.records / self.name

    @property
    def process(self) -> Process | None:
        """The process that was recorded at the start, if it still runs."""
        try:
            pid, started = self.record.read_text().split()
            process = Process(int(pid), int(started))
        except (OSError, ValueError):
            return None
        return process if process.alive else None

    @property
    def alive(self) -> bool:
        return self.process is not None

    def start(self, *command: str) -> None:
        """Start the command in a session of its own, not as a child of this process.

        The shell in between ends at once. Without it, a daemon that dies would stay a zombie for
        as long as the test session runs.
        """
        script = 'setsid "$@" >>"$OUTPUT" 2>&1 </dev/null & echo $!'
        started = subprocess.run(
            ["sh", "-c", script, "sh", *command],
            cwd=self.layout.home,
            env={
                "PATH": _SEARCH_PATH,
                "LANG": "C.UTF-8",
                "HOME": "/root",
                "SLURM_CONF": str(self.layout.conf),
                "OUTPUT": str(self.output),
            },
            umask=0o022,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        process = Process.with_pid(int(started.stdout))
        if process is None:
            raise self.failure("died at once")
        _write(self.record, f"{process.pid} {process.started}\n", 0o644)

    def terminate(self) -> None:
        """Ask it to end, without waiting for that."""
        if process := self.process:
            process.kill(signal.SIGTERM)

    def stop(self, patience: float = 20.0) -> None:
        """Ask it to end, wait, and end it by force."""
        if process := self.process:
            process.kill(signal.SIGTERM)
            if not _comes_true(lambda: not process.alive, patience):
                process.kill(signal.SIGKILL)
                _comes_true(lambda: not process.alive, 5.0)
        self.record.unlink(missing_ok=True)

    def wait(self, what: str, ready: Callable[[], bool]) -> None:
        """Wait until *ready*, or until the daemon dies, or until it is too late."""
        if not _comes_true(lambda: ready() or not self.alive, _PATIENCE_S):
            raise self.failure(f"not {what} within {_PATIENCE_S:.0f} s")
        if not self.alive:
            raise self.failure("died")

    def failure(self, what: str) -> ClusterError:
        """Return the error, with the last lines of the daemon's logs."""
        words = [f"{self.name}: {what}"]
        for log in (self.layout.log / f"{self.name}.log", self.output):
            with contextlib.suppress(OSError, IndexError):
                words.append(log.read_text(errors="replace").splitlines()[-1].strip())
        return ClusterError(f"{'; '.join(words)} (logs: {self.layout.log})")


@dataclass(frozen=True, slots=True)
class Node:
    """An emulated node, as the administrator sees it."""

    name: str
    cluster: "Cluster"

    @property
    def state(self) -> str:
        """Slurm's state of it, such as ``idle``, ``mix`` or ``down``; a ``*``: does not answer."""
        return self.cluster.states()[self.name]

    def down(self, reason: str = "test") -> None:
        """Take the node out at once: its jobs end as NODE_FAIL, or are requeued."""
        self._update("State=DOWN", f"Reason={reason}")

    def resume(self) -> None:
        """Put the node back, and wait until it takes jobs."""
        if not _is_usable(self.state):  # it may have come back by itself
            self._update("State=RESUME")
        if not _comes_true(lambda: _is_usable(self.state), _PATIENCE_S):
            raise ClusterError(f"node {self.name} stays {self.state}")

    def _update(self, *changes: str) -> None:
        self.cluster.client("scontrol", "update", f"NodeName={self.name}", *changes)


class Cluster:
    """A cluster that was brought up in a folder."""

    def __init__(self, directory: Path | str = DEFAULT_DIRECTORY) -> None:
        self.layout = Layout(Path(directory))

    @property
    def environment(self) -> dict[str, str]:
        """What a client has to have in its environment, in addition to its own."""
        # USER is in no container's environment; older slurm executor plugins insist on it.
        return {"SLURM_CONF": str(self.layout.conf), "USER": os.environ.get("USER", "root")}

    def client(self, *command: str, timeout: float = _PATIENCE_S) -> str:
        """Run one of Slurm's clients, which has to succeed, and return what it prints."""
        foreign = ("SLURM", "SBATCH", "SRUN", "SACCT", "SINFO", "SQUEUE", "SCANCEL", "SCONTROL")
        own = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        try:
            done = subprocess.run(
                command,
                cwd="/",
                env={**own, **self.environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except FileNotFoundError:
            raise ClusterError(f"{command[0]} is not installed") from None
        except subprocess.TimeoutExpired:
            raise ClusterError(f"no answer within {timeout:.0f} s: {' '.join(command)}") from None
        if done.returncode:
            why = "; ".join(done.stderr.split("\n")[-5:]).strip("; ")
            why = why or f"exit code {done.returncode}"
            raise ClusterError(f"{' '.join(command)}: {why}")
        return done.stdout

    def answers(self, *command: str) -> bool:
        """Return whether a client succeeds, and soon."""
        try:
            self.client(*command, timeout=5.0)
        except ClusterError:
            return False
        return True

    def daemon(self, name: str) -> Daemon:
        """Return a daemon: munged, mariadbd, slurmdbd, slurmctld or slurmd.n1 and so on."""
        return Daemon(name, self.layout)

    def daemons(self) -> list[Daemon]:
        """Return all that were started and not stopped."""
        return [self.daemon(name) for name in sorted(_names_in(self.layout.records))]

    def stop_controller(self) -> None:
        """Stop slurmctld: jobs go on, and no client gets an answer."""
        self.daemon("slurmctld").stop()

    def start_controller(self) -> None:
        """Start slurmctld, unless it runs, and wait until it answers."""
        controller = self.daemon("slurmctld")
        if not controller.alive:
            controller.start("slurmctld", "-D")
        controller.wait("answering", lambda: self.answers("scontrol", "ping"))

    def node(self, name: str) -> Node:
        """Return a node by its name: n1, n2 and so on."""
        return Node(name, self)

    def states(self) -> dict[str, str]:
        """Return the state of every node."""
        lines = self.client("sinfo", "-h", "-N", "-p", "main", "-o", "%N %t").splitlines()
        return dict(line.split() for line in lines)

    def jobs(self) -> list[str]:
        """Return the ids of the jobs that have not ended."""
        return sorted(set(self.client("squeue", "-h", "-o", "%A").split()))


def up(
    directory: Path | str = DEFAULT_DIRECTORY,
    shape: Shape | None = None,
    *,
    default_conf: bool = True,
) -> Cluster:
    """Bring the cluster up, and return it once a job went through it and into accounting.

    What runs already is left alone. What this call started is stopped again if it fails. Unless
    *default_conf*, clients find the cluster only by SLURM_CONF.
    """
    shape = shape or Shape()
    shape.check()
    cluster = Cluster(directory)
    _demand_root()
    address = _loopback_address()
    _demand_own(cluster.layout.directory, cluster.layout.lock)
    if default_conf:
        _demand_free_link(cluster.layout.conf)
    cluster.layout.directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    with _locked(cluster.layout):
        cluster.layout.make()
        _install(cluster.layout.log / "apt.log")
        before = [daemon for daemon in cluster.daemons() if daemon.alive]
        linked = False
        try:
            _configure(cluster.layout, shape, address, running=bool(before))
            cluster.client("scontrol", "show", "hostnames", "n1")  # reads the files, at least
            linked = default_conf and _link(cluster.layout.conf)
            _start(cluster, shape, address)
            _wait_for_nodes(cluster, shape)
            _prove(cluster)
        except BaseException:
            _stop(cluster, keep=before)
            if linked:
                _unlink(cluster.layout.conf)
            raise
    return cluster


def down(directory: Path | str = DEFAULT_DIRECTORY, *, purge: bool = False) -> None:
    """Cancel all jobs and stop everything; where *purge*, remove the folder as well."""
    cluster = Cluster(directory)
    _demand_root()
    if not cluster.layout.lock.exists():
        _unlink(cluster.layout.conf)  # all that is left, if somebody removed the folder
        return
    with _locked(cluster.layout):
        with contextlib.suppress(ClusterError):
            _cancel_all(cluster)
        _stop(cluster, keep=())
        _unlink(cluster.layout.conf)  # jobs may need it until they end
        if purge:
            shutil.rmtree(cluster.layout.directory)


def environment(directory: Path | str = DEFAULT_DIRECTORY) -> dict[str, str]:
    """Return what a client of the cluster has to have in its environment."""
    cluster = Cluster(directory)
    if not cluster.layout.conf.exists():
        raise ClusterError(f"no cluster was brought up in {directory}")
    return cluster.environment


# --- What has to be so before anything is done ---------------------------------------------------


def _demand_root() -> None:
    if os.geteuid() != 0:
        raise ClusterError("only root can do that: slurmd starts jobs on behalf of others")


def _demand_own(directory: Path, lock: Path) -> None:
    """Refuse a folder with something else in it: ``down --purge`` would remove that."""
    if _names_in(directory) and not lock.exists():
        raise ClusterError(f"{directory} is neither empty nor a cluster's folder")


def _demand_free_link(conf: Path) -> None:
    """Refuse to take the default configuration away from another cluster."""
    if not os.path.lexists(DEFAULT_CONF) or _leads_to(DEFAULT_CONF, conf):
        return
    if DEFAULT_CONF.exists():
        where = f"leads to {DEFAULT_CONF.readlink()}" if DEFAULT_CONF.is_symlink() else "is a file"
        raise ClusterError(f"another cluster owns {DEFAULT_CONF}, which {where}: stop that first")


def _loopback_address() -> str:
    """Return the address that this machine's name stands for.

    A daemon of Slurm binds to all addresses or to that one. There is no third way, so a name that
    others can reach is refused.
    """
    name = socket.gethostname()
    try:
        address = socket.getaddrinfo(name, None, socket.AF_INET)[0][4][0]
    except OSError:
        address = "unknown"
    if address == "unknown" or not ipaddress.ip_address(address).is_loopback:
        remedy = f"put the line '127.0.0.1 {name}' first into /etc/hosts"
        raise ClusterError(f"the address of {name} is {address}, which is no loopback: {remedy}")
    return str(address)


@contextlib.contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    """Hold a lock, so that no other process starts or stops the cluster meanwhile."""
    until = time.monotonic() + 5 * _PATIENCE_S
    while True:
        layout.directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        with layout.lock.open("w") as lock:
            if _comes_true(lambda: _lock(lock.fileno()), until - time.monotonic()):
                # Who held it may have removed the folder, and with it the lock's name.
                if _is_file_of(lock.fileno(), layout.lock):
                    yield
                    return
                continue
        raise ClusterError(f"somebody else is busy with {layout.directory}")


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_file_of(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


# --- Packages ------------------------------------------------------------------------------------


def _missing_packages() -> list[str]:
    """Return the packages to install, from missing programs and plugins."""
    programs = [p for name, p in _PROGRAMS.items() if not shutil.which(name, path=_SEARCH_PATH)]
    plugins = [p for name, p in _PLUGINS.items() if not _is_installed(name)]
    return [*programs, *plugins]


def _is_installed(plugin: str) -> bool:
    return any(Path("/usr/lib").glob(f"*/slurm-wlm/{plugin}"))


def _install(log: Path) -> None:
    """Install what is missing; if that fails, update the package lists and try once more."""
    missing = _missing_packages()
    if not missing:
        return
    wait = "DPkg::Lock::Timeout=300"
    install = ["apt-get", "install", "-y", "--no-install-recommends", "-o", wait, *missing]
    with log.open("a") as output, _no_service_starts():
        if _apt(install, output.fileno()):
            return
        _apt(["apt-get", "update", "-o", wait], output.fileno())
        if not _apt(install, output.fileno()):
            raise ClusterError(f"apt-get cannot install {' '.join(missing)} (log: {log})")


def _apt(command: Sequence[str], output: int) -> bool:
    quiet = {**os.environ, "PATH": _SEARCH_PATH, "DEBIAN_FRONTEND": "noninteractive"}
    with contextlib.suppress(FileNotFoundError):  # no Debian at all
        done = subprocess.run(
            command,
            env=quiet,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
        return done.returncode == 0
    return False


@contextlib.contextmanager
def _no_service_starts() -> Iterator[None]:
    """Keep the packages' scripts from starting daemons, by Debian's own means for that."""
    if os.path.lexists(_POLICY):
        yield
        return
    _write(_POLICY, "#!/bin/sh\nexit 101\n", 0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


# --- Configuration -------------------------------------------------------------------------------


def _configure(layout: Layout, shape: Shape, address: str, *, running: bool) -> None:
    """Write the files; under daemons that run, they may only be what they are."""
    files = {
        layout.conf: (_slurm_conf(layout, shape, address), 0o644),
        layout.accounting_conf: (_accounting_conf(layout, shape, address), 0o600),
        layout.cgroup_conf: (_cgroup_conf(), 0o644),
    }
    for path, (text, mode) in files.items():
        if path.exists() and path.read_text() == text:
            continue
        if running:
            where = layout.directory
            raise ClusterError(f"the cluster in {where} runs in another shape: take it down first")
        _write(path, text, mode)


def _slurm_conf(layout: Layout, shape: Shape, address: str) -> str:
    host = _host()
    settings = {
        "ClusterName": "test",
        "SlurmctldHost": f"{host}({address})",
        "SlurmctldPort": f"{shape.controller_port}",
        "SlurmUser": "root",
        "SlurmdUser": "root",
        "CommunicationParameters": "NoCtldInAddrAny,NoInAddrAny",
        # Not munge's default socket: another munged, with another key, may be behind that.
        "AuthType": "auth/munge",
        "AuthInfo": f"socket={layout.munge_socket}",
        "CredType": "cred/munge",
        # Nothing that needs rights over control groups, which a container does not have.
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "MpiDefault": "none",
        "SwitchType": "switch/none",
        "MailProg": "/bin/true",
        # Nodes claim more than the machine has, and come back by themselves.
        "SlurmdParameters": "config_overrides",
        "ReturnToService": "2",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_Core_Memory",
        # Short intervals: a test waits for a job, not for the scheduler.
        "SchedulerType": "sched/backfill",
        "SchedulerParameters": "batch_sched_delay=0,sched_interval=5,bf_interval=5",
        "PriorityType": "priority/basic",
        "AccountingStorageType": "accounting_storage/slurmdbd",
        "AccountingStorageHost": address,
        "AccountingStoragePort": f"{shape.accounting_port}",
        "AccountingStoragePass": f"{layout.munge_socket}",
        "AccountingStoreFlags": "job_comment",  # the slurm executor plugin names the rule there
        "JobAcctGatherType": "jobacct_gather/linux",
        "JobAcctGatherFrequency": "task=1",
        "JobCompType": "jobcomp/none",
        "MinJobAge": "300",
        "OverTimeLimit": "0",
        "KillWait": "5",
        "InactiveLimit": "0",
        "SlurmctldTimeout": "60",
        "SlurmdTimeout": "60",
        "MaxArraySize": "10001",
        "StateSaveLocation": f"{layout.state}",
        "SlurmdSpoolDir": f"{layout.spool}/%n",
        "SlurmctldPidFile": f"{layout.run}/slurmctld.pid",
        "SlurmdPidFile": f"{layout.run}/slurmd.%n.pid",
        "SlurmctldLogFile": f"{layout.log}/slurmctld.log",
        "SlurmdLogFile": f"{layout.log}/slurmd.%n.log",
        "SlurmctldDebug": "info",
        "SlurmdDebug": "info",
        "LogTimeFormat": "iso8601_ms",
    }
    names = {key.lower(): key for key in settings}
    lines = []
    for line in shape.extra:
        # Every client complains on its stderr about a key that is there twice.
        key, _, value = line.strip().partition("=")
        if name := names.get(key.strip().lower()):
            settings[name] = value.strip()
        else:
            lines.append(line.strip())
    node = f"Sockets=1 CoresPerSocket={shape.cpus} ThreadsPerCore=1 RealMemory={shape.mem}"
    partition = "DefMemPerCPU=1000 State=UP"
    return "\n".join(
        [
            *(f"{key}={value}" for key, value in settings.items()),
            f"NodeName=DEFAULT {node} State=UNKNOWN",
            *(
                f"NodeName={name} NodeHostname={host} NodeAddr={address} Port={port}"
                for name, port in shape.node_ports.items()
            ),
            f"PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE {partition}",
            f"PartitionName=short Nodes=n1 MaxTime=30 {partition}",
            *lines,
            "",
        ]
    )


def _accounting_conf(layout: Layout, shape: Shape, address: str) -> str:
    return f"""\
AuthType=auth/munge
AuthInfo=socket={layout.munge_socket}
CommunicationParameters=NoInAddrAny
DbdHost={_host()}
DbdAddr={address}
DbdPort={shape.accounting_port}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={shape.database_port}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
PidFile={layout.run}/slurmdbd.pid
LogFile={layout.log}/slurmdbd.log
DebugLevel=info
LogTimeFormat=iso8601_ms
"""


def _cgroup_conf() -> str:
    """Name a plugin: to detect one, slurmd would need a systemd that may not be there."""
    return "CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n"


def _host() -> str:
    """Return the machine's name as Slurm shortens it."""
    return socket.gethostname().partition(".")[0]


def _link(conf: Path) -> bool:
    """Make this the default configuration; return whether it was not before."""
    if _leads_to(DEFAULT_CONF, conf):
        return False
    _demand_free_link(conf)
    DEFAULT_CONF.unlink(missing_ok=True)  # leads nowhere
    DEFAULT_CONF.parent.mkdir(exist_ok=True)
    DEFAULT_CONF.symlink_to(conf)
    return True


def _unlink(conf: Path) -> None:
    if _leads_to(DEFAULT_CONF, conf):
        DEFAULT_CONF.unlink()


def _leads_to(link: Path, target: Path) -> bool:
    return link.is_symlink() and link.readlink() == target


# --- Start ---------------------------------------------------------------------------------------


def _start(cluster: Cluster, shape: Shape, address: str) -> None:
    """Start what does not run, from the bottom up."""
    _start_munge(cluster)
    _start_database(cluster, shape)
    _start_accounting(cluster, shape, address)
    _ensure_account(cluster)
    _demand_free_port(cluster.daemon("slurmctld"), address, shape.controller_port)
    cluster.start_controller()
    for name, port in shape.node_ports.items():
        daemon = cluster.daemon(f"slurmd.{name}")
        if not daemon.alive:
            _demand_free_port(daemon, address, port)
            (cluster.layout.spool / name).mkdir(exist_ok=True)
            daemon.start("slurmd", "-D", "-N", name)


def _start_munge(cluster: Cluster) -> None:
    layout = cluster.layout
    daemon = cluster.daemon("munged")
    if not daemon.alive:
        layout.munge_socket.unlink(missing_ok=True)  # munged takes a left-over for a rival
        daemon.start(
            *("munged", "--foreground", "--num-threads=4"),
            f"--key-file={layout.munge_key}",
            f"--socket={layout.munge_socket}",
            f"--pid-file={layout.run}/munged.pid",
            f"--seed-file={layout.run}/munged.seed",
            f"--log-file={layout.log}/munged.log",
        )
    daemon.wait("answering", lambda: cluster.answers("munge", "-n", "-S", str(layout.munge_socket)))


def _start_database(cluster: Cluster, shape: Shape) -> None:
    """Start MariaDB as root, so that the folder may be where no other user gets to."""
    layout = cluster.layout
    daemon = cluster.daemon("mariadbd")
    if not daemon.alive:
        _demand_free_port(daemon, "127.0.0.1", shape.database_port)
        if not (layout.database / ".made").exists():
            _make_database(cluster)
        daemon.start(
            *("mariadbd", "--no-defaults", "--user=root", f"--datadir={layout.database}"),
            f"--socket={layout.database_socket}",
            f"--pid-file={layout.run}/mariadbd.pid",
            *("--bind-address=127.0.0.1", f"--port={shape.database_port}"),
            *("--skip-log-bin", "--skip-name-resolve"),
            # What slurmdbd likes; and no wait for the disk at each commit.
            *("--innodb-buffer-pool-size=128M", "--innodb-log-file-size=64M"),
            *("--innodb-lock-wait-timeout=900", "--innodb-flush-log-at-trx-commit=2"),
        )
    sql = ("mariadb", "--no-defaults", f"--socket={layout.database_socket}", "--user=root")
    daemon.wait("answering", lambda: cluster.answers(*sql, "-e", "select 1"))
    cluster.client(
        *(*sql, "-e"),
        "create database if not exists slurm_acct_db;"
        "create user if not exists slurm@'127.0.0.1' identified by 'slurm';"
        "grant all on slurm_acct_db.* to slurm@'127.0.0.1';",
    )


def _make_database(cluster: Cluster) -> None:
    """Make the system tables; what an interrupted attempt has left is no database."""
    database = cluster.layout.database
    shutil.rmtree(database)
    database.mkdir(mode=0o700)
    cluster.client(
        *("mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={database}"),
        *("--skip-test-db", "--auth-root-authentication-method=normal"),
    )
    (database / ".made").touch()


def _start_accounting(cluster: Cluster, shape: Shape, address: str) -> None:
    daemon = cluster.daemon("slurmdbd")
    if not daemon.alive:
        _demand_free_port(daemon, address, shape.accounting_port)
        daemon.start("slurmdbd", "-D")
    daemon.wait("listening", lambda: _is_listening(address, shape.accounting_port))
    daemon.wait("answering", lambda: cluster.answers("sacctmgr", "-n", "show", "cluster"))


def _ensure_account(cluster: Cluster) -> None:
    """Give root an account, before slurmctld checks who may run jobs."""
    user = ("user", "root")
    account = f"Account={ACCOUNT}"
    _ensure(cluster, ("cluster", "test", "format=cluster"), ("add", "cluster", "test"))
    _ensure(
        cluster,
        ("account", ACCOUNT, "format=account"),
        ("add", "account", ACCOUNT, "Cluster=test"),
    )
    _ensure(
        cluster,
        ("assoc", "user=root", account, "format=account"),
        ("add", *user, account, "Cluster=test"),
    )
    _ensure(
        cluster,
        (*user, f"DefaultAccount={ACCOUNT}", "format=defaultaccount"),
        ("modify", *user, "set", f"DefaultAccount={ACCOUNT}"),
    )


def _ensure(cluster: Cluster, shown: Sequence[str], made: Sequence[str]) -> None:
    """Have something in accounting: to add what is there already would be an error."""
    if not cluster.client("sacctmgr", "-nP", "show", *shown).strip():
        cluster.client("sacctmgr", "-i", *made)


def _demand_free_port(daemon: Daemon, address: str, port: int) -> None:
    if not daemon.alive and _is_listening(address, port):
        raise ClusterError(f"port {port} for {daemon.name} is taken: choose others with --port")


def _is_listening(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1.0).close()
    except OSError:
        return False
    return True


# --- Proof ---------------------------------------------------------------------------------------


def _wait_for_nodes(cluster: Cluster, shape: Shape) -> None:
    """Wait until every node takes jobs; one that an unclean stop left down is resumed."""
    slurmds = [cluster.daemon(f"slurmd.{name}") for name in shape.node_ports]

    def usable() -> bool:
        for daemon in slurmds:
            if not daemon.alive:
                raise daemon.failure("died")
        states = cluster.states()
        for name, state in states.items():
            if state.startswith(("down", "drain", "drng", "fail")):
                with contextlib.suppress(ClusterError):  # not possible in every such state
                    cluster.client("scontrol", "update", f"NodeName={name}", "State=RESUME")
        return all(_is_usable(states.get(name, "")) for name in shape.node_ports)

    if not _comes_true(usable, _PATIENCE_S):
        seen = " ".join(f"{name}:{state}" for name, state in cluster.states().items())
        raise ClusterError(f"nodes are not usable: {seen} (logs: {cluster.layout.log})")


def _is_usable(state: str) -> bool:
    return state in {"idle", "mix", "alloc", "comp", "plnd"}


def _prove(cluster: Cluster) -> None:
    """Run a job and find it in accounting, unless these very daemons did that before."""
    identities = "".join(
        f"{daemon.name} {daemon.record.read_text()}" for daemon in cluster.daemons()
    )
    proven = cluster.layout.proven
    if proven.exists() and proven.read_text() == identities:
        return
    # Job ids may come back after a crash; the name shows whose record it is.
    name = f"check-{uuid.uuid4().hex}"
    where = ("-A", ACCOUNT, "-p", "main", "-n1", "-t1", "--mem=10")
    command = ("sh", "-c", "echo $SLURM_JOB_ID")
    job = cluster.client("srun", "-J", name, *where, *command).strip()
    records = ("sacct", "-nXP", "-j", job, "-o", "JobName%60,State")
    done = f"{name}|COMPLETED"
    if not _comes_true(lambda: done in cluster.client(*records).splitlines(), _PATIENCE_S):
        raise ClusterError(f"accounting does not know of job {job} (logs: {cluster.layout.log})")
    _write(proven, identities, 0o644)


# --- Stop ----------------------------------------------------------------------------------------


def _cancel_all(cluster: Cluster) -> None:
    """End the jobs while there is a slurmctld that can, so that accounting learns of it."""
    if not cluster.daemon("slurmctld").alive or not cluster.answers("scontrol", "ping"):
        return
    jobs = cluster.jobs()
    for i in range(0, len(jobs), 500):
        cluster.client("scancel", *jobs[i : i + 500])
    _comes_true(lambda: not cluster.jobs(), 20.0)


def _stop(cluster: Cluster, keep: Sequence[Daemon]) -> None:
    """Stop the daemons from the top down, but for those to *keep*."""
    daemons = {daemon.name: daemon for daemon in cluster.daemons() if daemon not in keep}
    slurmds = [daemon for name, daemon in daemons.items() if name.startswith("slurmd.")]
    for daemon in slurmds:
        daemon.terminate()
    for daemon in slurmds:
        daemon.stop()
    rest = ("slurmctld", "slurmdbd", "mariadbd", "munged")
    for daemon in (daemons[name] for name in rest if name in daemons):
        daemon.stop()
    if not keep:
        _kill(_offspring(cluster.layout))


def _offspring(layout: Layout) -> list[Process]:
    """Return what the daemons left behind: slurmstepd and slurmscriptd, and all below them.

    These overwrite their environment with their title, so it shows nothing. They keep the working
    directory of the daemon that they came from, and nobody else has a reason to be there.
    """
    numbers = [int(name) for name in _names_in(Path("/proc"), r"\d+")]
    processes = list(filter(None, map(Process.with_pid, numbers)))
    found = [
        process
        for process in processes
        if _name_of(process).startswith("slurm") and _is_in(process, layout.home)
    ]
    parents = {process: _parent_of(process) for process in processes}
    for process in found:  # grows on the way
        found += [p for p in processes if parents[p] == process.pid and p not in found]
    return found


def _name_of(process: Process) -> str:
    try:
        return Path(f"/proc/{process.pid}/comm").read_text().strip()
    except OSError:
        return ""


def _parent_of(process: Process) -> int:
    fields = _stat(process.pid)
    return int(fields[1]) if fields else 0


def _stat(pid: int) -> list[str]:
    """Return the kernel's fields about a process after its number and name; none, if it ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the name is in parentheses, and may contain anything


def _is_in(process: Process, directory: Path) -> bool:
    try:
        return Path(f"/proc/{process.pid}/cwd").samefile(directory)
    except OSError:
        return False


def _kill(processes: Sequence[Process]) -> None:
    for process in processes:
        process.kill(signal.SIGKILL)
    _comes_true(lambda: not any(process.alive for process in processes), 5.0)


# --- Helpers -------------------------------------------------------------------------------------


def _comes_true(condition: Callable[[], bool], patience: float) -> bool:
    """Return whether the condition holds within so many seconds."""
    until = time.monotonic() + patience
    while not condition():
        if time.monotonic() >= until:
            return False
        time.sleep(_POLL_S)
    return True


def _names_in(directory: Path, pattern: str = r".*") -> list[str]:
    try:
        return [name for name in os.listdir(directory) if re.fullmatch(pattern, name)]
    except FileNotFoundError:
        return []


def _write(path: Path, content: str | bytes, mode: int) -> None:
    """Write a file so that it is there as a whole, with its mode, or not at all."""
    data = content.encode() if isinstance(content, str) else content
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask
        file.write(data)
    new.replace(path)


# --- The program ---------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    defaults = Shape()
    parser = argparse.ArgumentParser(description="A throw-away Slurm on this one machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dir", type=Path, default=DEFAULT_DIRECTORY, help="%(default)s")
    start = commands.add_parser("up", parents=[common], help="bring the cluster up")
    for name, what in (
        ("nodes", "how many nodes"),
        ("cpus", "CPUs that each node claims to have"),
        ("mem", "memory that each node claims to have, in MB"),
        ("port", "the first port of some"),
    ):
        default = getattr(defaults, name)
        start.add_argument(f"--{name}", type=int, default=default, help=f"{what} (%(default)s)")
    start.add_argument("--extra", action="append", default=[], help="a line for slurm.conf")
    start.add_argument(
        "--no-default-conf", action="store_true", help=f"leave {DEFAULT_CONF} as it is"
    )
    stop = commands.add_parser("down", parents=[common], help="take the cluster down")
    stop.add_argument("--purge", action="store_true", help="and remove its folder")
    commands.add_parser("env", parents=[common], help="print the environment of a client")
    return parser


def _up_from(arguments: argparse.Namespace) -> None:
    began = time.monotonic()
    given = {field.name: getattr(arguments, field.name) for field in dataclasses.fields(Shape)}
    shape = Shape(**{**given, "extra": tuple(arguments.extra)})
    cluster = up(arguments.dir, shape, default_conf=not arguments.no_default_conf)
    took = time.monotonic() - began
    print(f"{shape.nodes} nodes ready after {took:.1f} s: SLURM_CONF={cluster.layout.conf}")


def main() -> int:
    """Run the command of the command line."""
    arguments = _parser().parse_args()
    try:
        match arguments.command:
            case "up":
                _up_from(arguments)
            case "down":
                down(arguments.dir, purge=arguments.purge)
            case "env":
                for key, value in environment(arguments.dir).items():
                    print(f"{key}={value}")
    except (ClusterError, OSError, subprocess.SubprocessError) as error:
        print(f"cluster.py: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("cluster.py: interrupted", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
