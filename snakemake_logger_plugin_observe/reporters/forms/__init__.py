"""The forms that a reply can be printed in (``--format``), a module each.

A module has ``render(reply, *, width, color)``, which returns the text to print. Uses ``Reply``.
"""

# isort: off
from snakemake_logger_plugin_observe.reporters.forms import (  # noqa: F401  FORMS lists them
    text,
    json,
)

FORMS = {
    name.replace("_", "-"): module.render
    for name, module in tuple(vars().items())
    if hasattr(module, "render")
}
"""The ``render`` of each module imported above, by the form's name."""
