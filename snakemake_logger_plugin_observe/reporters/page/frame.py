"""The page's frame: template, styles, scripts and data in one file that fetches nothing.

Its Content-Security-Policy lets run only the script and the styles that are on it, by their
digests: whatever a journal contains stays text.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from snakemake_logger_plugin_observe import __version__
from snakemake_logger_plugin_observe.reporters.page.lengths import fitted
from snakemake_logger_plugin_observe.reporters.palette import PALETTE

_ASSETS: Final = Path(__file__).parent / "assets"
_SCRIPTS: Final = (
    *("unpack.js", "words.js", "attempts.js", "view.js", "timeline.js", "curves.js"),
    *("tables.js", "theme.js", "controls.js"),
)
_POLICY: Final = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; "
    "base-uri 'none'; form-action 'none'"
)
_FLAG: Final = re.compile(r"((?<![\w-])--[a-z][\w-]{0,40}(?![\w-])(?: (?:on|off|\d+)\b)?)")


def framed(
    name: str, data: dict[str, Any], bars: Iterable[tuple[str, dict[str, Any]]], **context: Any
) -> str:
    """Return a page.

    Args:
        name: of its template and its last script, without their endings.
        data: what its script draws.
        bars: each bar of a makespan, with the CSS class that tells it from others.
        **context: what the template needs.

    """
    script, style = _script(f"{name}.js"), _style(bars)
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FileSystemLoader(_ASSETS),
    )
    environment.filters["flags"] = _flags
    return environment.get_template(f"{name}.html.j2").render(
        policy=Markup(_POLICY.format(script=_digest(script), style=_digest(style))),  # noqa: S704
        script=Markup(script),  # noqa: S704 - a file of this package
        style=Markup(style),  # noqa: S704 - as above, with numbers and the palette
        data=Markup(_in_a_script(data)),  # noqa: S704 - escaped by it
        version=__version__,
        **context,
    )


def _shown(value: Any) -> Any:
    """Return a value as it is written; texts of this package, which are markup, stay whole."""
    return fitted(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _flags(text: str) -> list[tuple[str, bool]]:
    """Return a text cut at the flags in it: each part, and whether it is one."""
    parts = _FLAG.split(fitted(text))
    return [(part, bool(number % 2)) for number, part in enumerate(parts) if part]


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _script(last: str) -> str:
    """Return all scripts as one, whose names are its own."""
    inner = "\n".join(_asset(name) for name in (*_SCRIPTS, last, "begin.js"))
    return f'"use strict";\n(() => {{\n{inner}\n}})();\n'


def _style(bars: Iterable[tuple[str, dict[str, Any]]]) -> str:
    """Return the styles: the palette in both themes, the file's, and the widths of bars."""
    both = [
        "".join(
            f"--{name}:{getattr(one, ground)};--on-{name}:{getattr(one, f'{ground}_ink')};"
            for name, one in PALETTE.items()
        )
        for ground in ("light", "dark")
    ]
    text = _asset("page.css").replace("/*LIGHT*/", both[0]).replace("/*DARK*/", both[1])
    classes = "".join(
        f".c-{name}{{background:var(--{name});color:var(--on-{name})}}.f-{name}{{fill:var(--{name})}}"
        f".swatch.{name}{{background:var(--{name})}}"
        for name in PALETTE
    )
    widths = "".join(
        f".bar.{own} .w-{one['name']}{{flex-grow:{one['of_whole']:.6f}}}"
        for own, bar in bars
        for one in bar["parts"]
    )
    lengths = "".join(f".bar.{own}{{width:{100 * bar['scale']:.3f}%}}" for own, bar in bars)
    return f"{text}\n{classes}{widths}{lengths}"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _in_a_script(values: dict[str, Any]) -> str:
    """Return JSON in which nothing ends the element that it is in."""
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
