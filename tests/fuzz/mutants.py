"""Mutants of journals: what damage, chance, and an attacker would make of them. Pure."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

Journal = list[bytes]
"""The lines of a journal, without newlines."""

ESCAPES: Final = (
    "\x1b[2J\x1b]0;title\x07",
    "\x1b]8;;file:///etc/passwd\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31m",
    "\r\n\rnew line\x0b\x0c\x85\u2028\u2029",
    "\u202egnp.exe\u202c\u2066",
    "tab\tbell\x07back\x08del\x7f",
)
_TEXTS: Final = (
    *("", " ", "\x00", "a\x00b", "\ud800", "a\udcffb", "\ufeff", "\ufffd", "é" * 300, "x" * 70_000),
    *("[bold]x[/]", "[/]", "[link=file:///x]y[/link]", "[red", "]", "{x.__class__}", "{", "%s%n%d"),
    *("`touch PWNED`", "$(touch PWNED)", '"; touch PWNED; "', "'; touch PWNED #", "a\ntouch PWNED"),
    *("-rf", "--force", "--snakefile=OUTSIDE/canary", "-", "--", "~root", "$HOME", "*", "!!"),
    *("OUTSIDE/canary", "../outside/canary", "../../outside/canary", "/etc/passwd", "/dev/zero"),
    *("/proc/self/mem", ".", "..", "/", "//", "OUTSIDE", "/dev/stdin", "link/canary"),
    *(
        "| a | b |",
        "[x](http://x)",
        "<script>x</script>",
        "```\n# x",
        "&amp;]]>",
        "__import__('os')",
    ),
    *("map", "all", "main", "node:x", "success", "failed", "running", "lost", "cached", "slurm"),
    *ESCAPES,
)
_MOMENTS: Final = (
    *("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00.000000Z"),
    *("1970-01-01T00:00:00.000000Z", "2026-03-01T12:00:00+23:59", "2026-03-01T12:00:00"),
    *("2026-02-30T00:00:00.000000Z", "10000-01-01T00:00:00Z", "now", "2026-03-01", "24:00"),
    *("2026-03-01T12:00:00.000001Z", "9999-12-31T23:59:59.999999-23:59"),
)
_NUMBERS: Final = (
    *(0, -0.0, 1, -1, 0.5, 2, 7, 1e-9, -1e-9, 1e9, 1e10, 1e308, -1e308, float("nan")),
    *(float("inf"), float("-inf"), 2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63), 10**400),
    *(253_402_300_799_999_999, 253_402_300_800_000_000, 10**17, 10**18, True, False),
)
_DEPTHS: Final = (3, 60, 250, 5_000)


def mutant(random_: random.Random, journals: Sequence[Journal]) -> bytes:
    """Return a journal made of one of *journals*, with some things changed at random."""
    lines = list(random_.choice(journals))
    for _ in range(random_.choice((1, 1, 1, 2, 3, 5, 12))):
        change = random_.choices(_CHANGES, _WEIGHTS)[0]
        lines = change(random_, lines, journals) or lines
    data = b"\n".join(lines) + b"\n"
    if random_.random() < 0.15:
        data = random_.choice(_DAMAGES)(random_, data)
    return data


# -- values ----------------------------------------------------------------------------------------


def value(random_: random.Random, like: Any = None) -> Any:
    """Return something to stand in a journal instead of *like*: of its type, or of another."""
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: random_.choice(_TEXTS),
        lambda: random_.choice(_MOMENTS),
        lambda: random_.choice(_NUMBERS),
        lambda: None,
        list,
        dict,
        lambda: [like] * random_.choice((1, 2, 100)),
        lambda: {random_.choice(_TEXTS): like},
        lambda: _nested(random_.choice(_DEPTHS), random_.random() < 0.5),
    )
    weights = [3, 2, 3, 1, 1, 1, 1, 1, 0.5]
    if random_.random() < 0.6:  # of the same type, so that it is taken for real
        if isinstance(like, bool):
            return not like
        if isinstance(like, int | float):
            return random_.choice((*_NUMBERS, like + 1, like - 1, like * 1_000, -like))
        if isinstance(like, str):
            return random_.choice(_MOMENTS if like[:2] == "20" and "T" in like else _TEXTS)
    return random_.choices(kinds, weights)[0]()


def _nested(depth: int, as_list: bool) -> str:
    return Raw("[" * depth + "]" * depth if as_list else '{"a":' * depth + "1" + "}" * depth)


class Raw(str):
    """JSON text that goes into a line as it is: too deep for ``json.dumps``."""

    __slots__ = ()


def dumped(random_: random.Random, line: Any) -> bytes:
    """Return *line* as JSON, now and then with characters as they are instead of escaped."""
    raw: list[str] = []

    def hide(value: Any) -> Any:
        if isinstance(value, Raw):
            raw.append(value)
            return f"<raw {len(raw) - 1}>"
        if isinstance(value, dict):
            return {str(hide(key)): hide(item) for key, item in value.items()}
        return [hide(item) for item in value] if isinstance(value, list) else value

    text = json.dumps(
        hide(line), ensure_ascii=random_.random() < 0.7, separators=(",", ":"), allow_nan=True
    )
    for number, one in enumerate(raw):
        text = text.replace(f'"<raw {number}>"', one)
    return text.encode("utf-8", "surrogatepass").replace(b"\n", b" ")


def _loaded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside *value*."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*at, key)
            yield from _paths(item, (*at, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield (*at, number)
            yield from _paths(item, (*at, number))


def _holder(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        value = value[key]
    return value


# -- changes of fields -----------------------------------------------------------------------------


def _some_line(random_: random.Random, lines: Journal) -> tuple[int, Any]:
    number = random_.randrange(len(lines)) if random_.random() < 0.85 else 0
    return number, _loaded(lines[number])


def _set_a_field(random_: random.Random, lines: Journal, _: Sequence[Journal]) -> Journal | None:
    number, line = _some_line(random_, lines)
    paths = list(_paths(line))
    if not paths:
        return None
    path = random_.choice(paths)
    holder = _holder(line, path)
    holder[path[-1]] = value(random_, holder[path[-1]])
    return [*lines[:number], dumped(random_, line), *lines[number + 1 :]]


def _remove_a_field(random_: random.Random, lines: Journal, _: Sequence[Journal]) -> Journal | None:
    number, line = _some_line(random_, lines)
    paths = list(_paths(line))
    if not paths:
        return None
    path = random_.choice(paths)
    del _holder(line, path)[path[-1]]
    return [*lines[:number], dumped(random_, line), *lines[number + 1 :]]


def _add_a_field(random_: random.Random, lines: Journal, _: Sequence[Journal]) -> Journal | None:
    number, line = _some_line(random_, lines)
    _, other = _some_line(random_, lines)
    if not isinstance(line, dict) or not isinstance(other, dict) or not other:
        return None
    key = random_.choice([*other, random_.choice(_TEXTS)])
    line[key] = value(random_, other.get(key)) if random_.random() < 0.5 else other.get(key)
    return [*lines[:number], dumped(random_, line), *lines[number + 1 :]]


def _rename_everywhere(
    random_: random.Random, lines: Journal, _: Sequence[Journal]
) -> Journal | None:
    """Replace one value wherever it stands, so that what refers to it still fits."""
    _, line = _some_line(random_, lines)
    paths = list(_paths(line))
    if not paths:
        return None
    path = random_.choice(paths)
    old = _holder(line, path)[path[-1]]
    if not isinstance(old, str | int) or isinstance(old, bool) or old == "":
        return None
    text = old if isinstance(old, str) else f":{old}"
    new = value(random_, old)
    if isinstance(new, Raw) or not isinstance(new, str | int | float):
        return None
    if isinstance(old, str):
        before, after = json.dumps(text)[1:-1], json.dumps(str(new))[1:-1]
    else:
        before, after = text, f":{json.dumps(new)}"
    return [line.replace(before.encode(), after.encode()) for line in lines]


def _move_moments(random_: random.Random, lines: Journal, _: Sequence[Journal]) -> Journal:
    """Give one line, or all from there on, another day, year or second."""
    first = random_.randrange(len(lines))
    last = first + 1 if random_.random() < 0.5 else len(lines)
    year = _loaded(lines[0])
    then = str(year.get("time", "2026"))[:4] if isinstance(year, dict) else "2026"
    new = random_.choice(("9999", "0001", "1970", "2025", "2027", "2999", "9998"))
    before = f'"{then}-'.encode(errors="surrogatepass")
    moved = [line.replace(before, f'"{new}-'.encode()) for line in lines[first:last]]
    return [*lines[:first], *moved, *lines[last:]]


def _swap_values(random_: random.Random, lines: Journal, _: Sequence[Journal]) -> Journal | None:
    """Put the value of one field into another: often the right type, and never the right one."""
    (a, one), (b, two) = _some_line(random_, lines), _some_line(random_, lines)
    of_one, of_two = list(_paths(one)), list(_paths(two))
    if not of_one or not of_two or a == b:
        return None
    path, other = random_.choice(of_one), random_.choice(of_two)
    _holder(one, path)[path[-1]] = _holder(two, other)[other[-1]]
    return [*lines[:a], dumped(random_, one), *lines[a + 1 :]]


# -- changes of lines ------------------------------------------------------------------------------


def _drop(random_: random.Random, lines: Journal, _: Sequence[Journal]) -> Journal:
    first = random_.randrange(len(lines))
    return [*lines[:first], *lines[first + random_.choice((1, 1, 2, 10)) :]] or lines


def _repeat(random_: random.Random, lines: Journal, _: Sequence[Journal]) -> Journal:
    first = random_.randrange(len(lines))
    last = first + random_.choice((1, 1, 3))
    return [*lines[:last], *lines[first:last] * random_.choice((1, 1, 2, 100)), *lines[last:]]


def _swap(random_: random.Random, lines: Journal, _: Sequence[Journal]) -> Journal:
    a, b = random_.randrange(len(lines)), random_.randrange(len(lines))
    lines = list(lines)
    lines[a], lines[b] = lines[b], lines[a]
    return lines


def _shuffle(random_: random.Random, lines: Journal, _: Sequence[Journal]) -> Journal:
    """Put all lines but the first into another order."""
    return [lines[0], *random_.sample(lines[1:], len(lines) - 1)]


def _merge(random_: random.Random, lines: Journal, journals: Sequence[Journal]) -> Journal:
    """Put another journal's lines in: after, between, or at random."""
    other = list(random_.choice(journals))
    if random_.random() < 0.3:
        return [*lines, *other]
    at = random_.randrange(len(lines))
    part = other[random_.randrange(len(other)) :][: random_.choice((1, 5, 100))]
    return [*lines[:at], *part, *lines[at:]]


def _insert(random_: random.Random, lines: Journal, _: Sequence[Journal]) -> Journal:
    at = random_.randrange(len(lines) + 1)
    junk = (
        *(b"", b"null", b"[]", b"{}", b'"x"', b"1e999", b"{", b"\x00", b"\xff\xfe", b"NaN"),
        *(
            b"[" * 100_000,
            b'{"event":"run_finished"}',
            b'{"event":"unknown","time":1}',
            b"\xef\xbb\xbf",
        ),
        *(b'{"event":null}', b'{"event":{"a":[]}}', b" " * 1000, b"\r", b'{"event":"gap"}'),
    )
    return [*lines[:at], random_.choice(junk), *lines[at:]]


_CHANGES: Final = (
    *(_set_a_field, _remove_a_field, _add_a_field, _rename_everywhere, _move_moments, _swap_values),
    *(_drop, _repeat, _swap, _shuffle, _merge, _insert),
)
_WEIGHTS: Final = (12, 3, 3, 8, 3, 4, 2, 2, 2, 1, 2, 2)


# -- damage to bytes -------------------------------------------------------------------------------


def _flip(random_: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random_.choice((1, 1, 4, 30))):
        changed[random_.randrange(len(changed))] ^= 1 << random_.randrange(8)
    return bytes(changed)


def _cut(random_: random.Random, data: bytes) -> bytes:
    return data[: random_.randrange(len(data))]


def _overwrite(random_: random.Random, data: bytes) -> bytes:
    at = random_.randrange(len(data))
    junk = random_.choice(
        (b"\x00" * 50, b"\xff" * 9, b"\n\n\n", b'"', b"\\", b"\x1b[2J", b"\xed\xa0\x80")
    )
    return data[:at] + junk + data[at + random_.choice((0, len(junk))) :]


_DAMAGES: Final = (
    *(_flip, _cut, _overwrite),
    lambda _, data: b"\xef\xbb\xbf" + data,
    lambda _, data: data.replace(b"\n", b"\r\n"),
    lambda _, data: data.decode("utf-8", "replace").encode("utf-16"),
)
