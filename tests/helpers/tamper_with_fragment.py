"""Run on the node as a job's tool: tamper with the job's fragment in the way of the first argument."""

import json
import os
import sys
import time
from pathlib import Path

what, output = sys.argv[1:]
(own,) = Path(".snakemake/observe").glob("*/*.fragment")
NOW = time.time_ns() // 1000
PROCESS = {
    "v": 1,
    "clock": "node:other",
    "host": "other",
    "pid": 1,
    "wraps": "local",
    "started": NOW,
    "loaded": NOW,
    "waits": [],
    "executions": [],
}
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\r\n\x00\u202e"
EVIL = "__import__('os').system('touch executed')"


def add(*lines: bytes) -> None:
    with open(own, "ab") as file:
        file.writelines(line + b"\n" for line in lines)


def process(**more: object) -> bytes:
    return json.dumps({**PROCESS, **more}).encode()


def replaced() -> None:
    own.unlink()


match what:
    case "torn":
        add(process()[:-30], b"\x00\xff\xfe", process(pid=2)[40:])
    case "50 MB":
        with open(own, "ab") as file:
            file.write(b"x" * 50_000_000)
    case "a million lines":
        add(*[b"1"] * 1_000_000)
    case "deep nesting":
        add(b"[" * 500_000, b'{"v": 1, "executions": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    case "huge numbers":
        add(
            process(started=10**400),
            process().replace(b'"pid": 1', b'"pid": ' + b"9" * 5000),
            b'{"v": 1e999999}',
            b"9" * 9000,
        )
    case "wrong types":
        for value in (None, [], {}, "x", 1.5, True, -1):
            add(*(process(**{key: value}) for key in PROCESS))
    case "from another run":
        other = own.parent.parent / "0123456789abcdef0123456789abcdef" / own.name
        other.parent.mkdir(0o700)
        other.write_bytes(process(pid=77) + b"\n")
    case "code":
        add(
            process(fault=EVIL),
            process(__class__="os.system", __reduce__=EVIL, host=EVIL),
            process(**{"py/object": "os.system", "!!python/object/apply:os.system": [EVIL]}),
            b"!!python/object/apply:os.system ['touch executed']",
            b"cos\nsystem\n(S'touch executed'\ntR.",
            EVIL.encode(),
        )
        Path("evil_module.py").write_text("open('executed', 'w')")
        add(process(wraps="evil_module", clock="node:$(touch executed)`touch executed`"))
    case "terminal escapes":
        one = {"number": 1, "rule": ESCAPES, "status": "failed", "message": ESCAPES}
        add(
            process(
                host=ESCAPES, node=ESCAPES, cluster_job=ESCAPES, fault=ESCAPES, executions=[one]
            )
        )
    case "a symlink":
        replaced()
        own.symlink_to("/etc/passwd")
    case "a FIFO":
        replaced()
        os.mkfifo(own)
    case "a directory":
        replaced()
        own.mkdir()
    case "a device":
        replaced()
        own.symlink_to("/dev/zero")
Path(output).touch()
