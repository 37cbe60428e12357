"""What a check file may contain: its tables as models, and what to write where a value is wrong.

Loaded when a file is read: importing pydantic takes as long as a short answer.
"""

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WrapValidator,
    create_model,
    model_validator,
)

from snakemake_logger_plugin_observe.analysis.check.metrics import FIGURES, Figure

# -- values ----------------------------------------------------------------------------------------


def _or(text: str) -> WrapValidator:
    """Return a validator that reports a wrong value by *text*, in which ``{!r}`` is the value.

    A mistake inside the value keeps its own text and place.
    """

    def validate(value: Any, inner: Callable[[Any], Any]) -> Any:
        try:
            return inner(value)
        except ValidationError as error:
            if any(mistake["loc"] for mistake in error.errors()):
                raise
            raise ValueError(text.format(value)) from None

    return WrapValidator(validate)


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a path or argument cannot contain a NUL character")
    return text


def _below_the_workdir(glob: str) -> str:
    if not glob.strip():
        raise ValueError("an empty glob: name the files that must exist")
    path = PurePosixPath(glob)
    if path.is_absolute() or ".." in path.parts or glob.startswith("~"):
        raise ValueError(f"{glob!r}: globs must be below the run's working directory")
    return glob


def _with_a_name(command: tuple[str, ...]) -> tuple[str, ...]:
    if not command or not command[0]:
        raise ValueError("a command without a name: write its program first")
    return command


_COUNT = _or("{!r} is not a whole number from 0 to 1e15")
_GLOBS = _or('write a list of globs, as ["results/published/**"]')
_COMMANDS = _or(
    'write a list of commands, each a list of arguments, as [["sha256sum", "--check", "SUMS"]]'
)
_SHA256 = _or("{!r} is not a SHA-256 of 64 digits (0 to 9, a to f)")
_SUMS = _or('write it as a table: [outputs.sha256], with "path" = "checksum"')
_VERSION = _or("unknown version: this snakemake-observe reads version 1 only")
_TUPLE = Field(strict=False)  # made of a list, as TOML has it

_Flag = Annotated[bool, _or("{!r} is not true or false")]
_Timeout = Annotated[float, Field(gt=0), _or("{!r} is not a number of seconds, more than 0")]
_Slower = Annotated[float, Field(ge=0), _or("{!r} is not a share, 0 or more: 0.2 is 20 % slower")]
_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$"), _SHA256]
_NoNul = AfterValidator(_without_nul)
_Journal = Annotated[str, _or("write a journal's path as a string"), _NoNul]
_Glob = Annotated[str, _GLOBS, _NoNul, AfterValidator(_below_the_workdir)]
_Argument = Annotated[str, _COMMANDS, _NoNul]
_Command = Annotated[tuple[_Argument, ...], _TUPLE, _COMMANDS, AfterValidator(_with_a_name)]

_NUMBERS: Final[dict[str, Any]] = {
    "count": Annotated[int, Field(ge=0, le=10**15), _COUNT],
    "s": Annotated[float, Field(ge=0), _or("{!r} is not a number of seconds, 0 or more")],
    "share": Annotated[float, Field(ge=0, le=1), _or("{!r} is not a share of 0 to 1: 0.5 is half")],
    "ratio": Annotated[float, Field(ge=0), _or("{!r} is not a share, 0 or more: 0.5 is half")],
}
"""What a limit may be, by its figure's unit."""


# -- tables ----------------------------------------------------------------------------------------


class _Table(BaseModel):
    """A table whose keys are known, with values of exactly the types that are named."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _table(name: str, values: dict[str, Any]) -> type[_Table]:
    """Return the model of a table in which each key may be left out."""
    keys: dict[str, Any] = {key: (value, None) for key, value in values.items()}
    return create_model(name, __base__=_Table, **keys)


def _limit(name: str, figure: Figure) -> Any:
    """Return what may be written for a figure: a number, or a table with one for each part."""
    number = _NUMBERS[figure.unit]
    if figure.parts is None:
        by_rule = dict[str, number]  # type: ignore[valid-type]
        return Annotated[by_rule, _or(f"write {name}.X = ..., where X is a rule")]
    if not figure.parts:
        return number
    parts, names = _table(name, dict.fromkeys(figure.parts, number)), ", ".join(figure.parts)
    return Annotated[parts, _or(f"write {name}.X = ..., where X is one of {names}")]


_Limits: Final = _table("Limits", {name: _limit(name, one) for name, one in FIGURES.items()})


class Publish(_Table):
    """Which files must exist, and which commands must succeed."""

    files: Annotated[tuple[_Glob, ...], _TUPLE, _GLOBS] = ()
    verify: Annotated[tuple[_Command, ...], _TUPLE, _COMMANDS] = ()
    verify_timeout_s: _Timeout = 600.0


class Baseline(_Table):
    """What a run is compared with, and what the comparison must show."""

    journal: _Journal | None = None
    """Relative to the file's folder; None for the newest earlier run of the same targets."""
    same_work: _Flag = False
    same_outputs: _Flag = False
    slower_by: _Slower | None = None

    @model_validator(mode="after")
    def _checks_something(self) -> Self:
        if not (self.same_work or self.same_outputs) and self.slower_by is None:
            raise ValueError(
                "nothing to check: write same_work = true, same_outputs = true or slower_by = 0.2"
            )
        return self


class Outputs(_Table):
    """What the outputs must be."""

    sha256: Annotated[dict[str, _Sha256], _SUMS] = {}
    """Their checksums, by path."""


class CheckTables(_Table):
    """The whole content of a check file."""

    version: Annotated[int, Field(ge=1, le=1), _VERSION]
    max: _Limits = _Limits()  # type: ignore[valid-type]  # made from the list of figures
    min: _Limits = _Limits()  # type: ignore[valid-type]
    publish: Publish = Publish()
    baseline: Baseline | None = None
    outputs: Outputs = Outputs()
