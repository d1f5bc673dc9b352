"""The site, made by `make docs`. Pages are Markdown; what the code knows is filled in where asked.

A page asks by a comment of its own line, `<!-- fill: recipe -->`, so that a reference can't fall
behind the code, and nothing that is generated lies among the sources.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

import emotiw  # noqa: E402
from docs.filling import FILLINGS  # noqa: E402

project, author, version = "emotiw", "The emotiw developers", emotiw.__version__
copyright = author  # noqa: A001
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_block"]
suppress_warnings = ["myst.xref_ambiguous"]
autodoc_typehints = "none"  # the signature has them
autodoc_member_order = "bysource"
napoleon_custom_sections = ["Source", "Differs"]
python_maximum_signature_line_length = 60
highlight_language = "bash"  # of blocks that say none: commands
html_theme = "furo"
html_title = f"emotiw {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = html_show_copyright = html_copy_source = False
html_theme_options = {
    "light_css_variables": {"font-stack": "system-ui, sans-serif"},
    "dark_css_variables": {"font-stack": "system-ui, sans-serif"},
}


def fill(app: Any, name: str, source: list[str]) -> None:
    """Put what a page asks for in the place of its comments."""
    source[0] = re.sub(
        r"^<!-- fill: (\w+)(?: (\S+))? -->$",
        lambda asked: FILLINGS[asked[1]](*([asked[2]] if asked[2] else [])),
        source[0],
        flags=re.MULTILINE,
    )


def setup(app: Any) -> None:
    """Fill pages as they are read."""
    app.connect("source-read", fill)
