"""What cannot be told, because the two journals' digests were made with different keys."""

from collections.abc import Iterator

from snakemake_logger_plugin_observe.analysis.compare.digests import not_comparable
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared, Finding

UNKNOWN = "cannot_tell"


def findings(compared: Compared) -> Iterator[Finding]:
    """Yield one finding if there is anything that the digests cannot tell."""
    before, after = compared.before, compared.after
    unknown = not_comparable(before.run, after.run, compared.match.pairs)
    if unknown and not compared.same_bytes:
        claim = (
            f"cannot tell whether {' and '.join(unknown)} changed: the digests (config_digest, "
            "params_digest) have different keys (another folder or user, or an older version)"
        )
        evidence = (*before.at_start("config_digest"), *after.at_start("config_digest"))
        yield Finding(UNKNOWN, "neutral", claim, evidence)
