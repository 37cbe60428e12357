"""Wrappers around Snakemake's own methods that leave no trace in what Snakemake prints."""

import os
import sys
from typing import Any


def out_of_sight(wrapper: Any) -> Any:
    """Have Snakemake leave *wrapper*'s frame out of a traceback that it prints, as its own are."""
    package = getattr(sys.modules.get("snakemake"), "__file__", None) or ""
    place = os.path.join(os.path.dirname(package), "observed")
    wrapper.__code__ = wrapper.__code__.replace(co_filename=place)
    return wrapper
