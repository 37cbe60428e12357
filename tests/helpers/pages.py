"""Pages of runs that tests build, what is packed in them, and a real browser to look at them."""

import base64
import json
import re
import shutil
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from snakemake_logger_plugin_observe.__main__ import main

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def write_page(journal: Path, *options: str) -> Path:
    """Write the page of a journal next to it, and return where it is."""
    out = journal.with_suffix(".html")
    assert main(["report", str(journal), "-o", str(out), "--force", "--offline", *options]) == 0
    return out


def data_of(page: str) -> dict[str, Any]:
    """Return the data in a page."""
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(text)


def unpacked(column: str, width: int = 4) -> list[int | None]:
    """Return the numbers of a packed column; unknown is None."""
    raw = zlib.decompress(base64.b64decode(column))
    count = len(raw) // width
    planes = [raw[byte * count : (byte + 1) * count] for byte in range(width)]
    values = array({1: "B", 2: "H", 4: "I"}[width])
    values.frombytes(b"".join(bytes(each) for each in zip(*planes, strict=True)))
    return [None if one == (1 << 8 * width) - 1 else one for one in values]


def unpacked_texts(column: str) -> list[str]:
    return json.loads(zlib.decompress(base64.b64decode(column)))


@contextmanager
def browser(**context: Any) -> Iterator[Any]:
    """Open a tab of a real Chromium; a message on its console or an error is a failed test."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install '.[page]'"
    )
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: make debian-packages")
    with playwright.sync_playwright() as driver:
        # Debian's sandbox needs what containers often have not.
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 900}, **context}
        ).new_page()
        said: list[str] = []
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        asked: list[str] = []
        tab.set_default_timeout(120_000)
        yield tab
        assert said == []
        assert [
            one for one in asked if not one.startswith(("file:", "about:", "blob:", "data:"))
        ] == []
        chromium.close()


def show(tab: Any, page: Path) -> None:
    """Open a page, and wait until its pictures are drawn."""
    tab.goto(page.as_uri())
    tab.wait_for_selector("html[data-ready=yes]", state="attached")
    settle(tab)


def settle(tab: Any) -> None:
    """Wait until what was asked for is drawn."""
    tab.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def until(tab: Any, expression: str) -> None:
    """Wait until an expression is true; Playwright's own wait evaluates text, which a page forbids."""
    for _ in range(5_000):
        if tab.evaluate(expression):
            return
        settle(tab)
    raise AssertionError(f"never true: {expression}")
