"""``check`` as JUnit XML for CI: the file is a test suite, each of its lines a test case."""

import re
from typing import Final
from xml.etree import ElementTree as ET

from snakemake_logger_plugin_observe.analysis.check.budgets import CheckLine
from snakemake_logger_plugin_observe.clock import format_moment, to_seconds
from snakemake_logger_plugin_observe.reporters.answers import CheckAnswer
from snakemake_logger_plugin_observe.reporters.check_lines import source, title, verdict
from snakemake_logger_plugin_observe.reporters.words import harmless

# XML 1.0 cannot represent these, escaped or not; harmless() escapes control characters.
_FORBIDDEN: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")


def render(answer: CheckAnswer) -> str:
    """Return *answer* as one JUnit document."""
    failed = sum(map(answer.breaks, answer.lines))
    skipped = sum(line.ok is None for line in answer.lines if not answer.breaks(line))
    run = answer.source.run
    counts = {
        "tests": str(len(answer.lines)),
        "failures": str(failed),
        "errors": "0",
        "skipped": str(skipped),
        "time": f"{to_seconds(run.makespan):.6f}",
    }
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {"name": _safe(str(answer.file)), **counts})
    if run.start is not None:
        suite.set("timestamp", format_moment(run.start)[:19])
    properties = ET.SubElement(suite, "properties")
    known = {
        "run_id": run.started.run_id if run.started else "",
        "journal": str(answer.source.path),
        "folder": str(answer.folder),
    }
    for name, value in known.items():
        ET.SubElement(properties, "property", {"name": name, "value": _safe(value)})
    for line in answer.lines:
        _case(suite, answer, line)
    if answer.notes:
        ET.SubElement(suite, "system-out").text = "\n".join(map(_safe, answer.notes))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, "unicode") + "\n"


def _case(suite: ET.Element, answer: CheckAnswer, line: CheckLine) -> None:
    case = ET.SubElement(suite, "testcase")
    case.set("classname", _safe(answer.file.name))
    case.set("name", _safe(title(line)))
    case.set("file", _safe(str(answer.file)))
    if line.file_line is not None:
        case.set("line", str(line.file_line))
    message = _safe(verdict(line))
    if answer.breaks(line):
        failure = ET.SubElement(case, "failure", {"message": message, "type": line.kind})
        where = "" if line.file_line is None else f"{answer.file}:{line.file_line}: "
        lines = [f"{where}{title(line)}: {verdict(line)}", *map(source, line.evidence)]
        failure.text = "\n".join(map(_safe, lines))
    elif line.ok is None:
        ET.SubElement(case, "skipped", {"message": message})


def _safe(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", harmless(text))
