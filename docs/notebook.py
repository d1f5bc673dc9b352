"""A notebook as a page: run from a clean kernel, its cells and what they showed as Markdown."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import nbclient
import nbformat

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "_build" / "notebooks"  # executed ones, by their sources


def rendered(name: str) -> str:
    """Return a notebook with its outputs as Markdown.

    It runs in an empty folder, once per version of it and of the package.
    """
    cells = executed(ROOT / "notebooks" / f"{name}.ipynb").cells
    return "\n\n".join(_markdown(cell) for cell in cells)


def executed(path: Path) -> nbformat.NotebookNode:
    """Return the notebook with the outputs of its cells."""
    rooms = ("emotiw", "features", "fusion")
    code = (source for room in rooms for source in (ROOT / room).rglob("*.py"))
    sources = (path, Path(__file__), *sorted(code))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    kept = KEPT / f"{path.stem}-{digest[:16]}.ipynb"
    if not kept.exists():
        notebook = nbformat.read(path, as_version=4)
        os.environ["PYTHONWARNINGS"] = "ignore"  # of libraries, about the machine
        os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        with TemporaryDirectory() as folder:
            nbclient.NotebookClient(
                notebook, timeout=None, resources={"metadata": {"path": folder}}
            ).execute()
        KEPT.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, kept)
    return nbformat.read(kept, as_version=4)


def _markdown(cell: nbformat.NotebookNode) -> str:
    if cell.cell_type == "markdown":
        return str(cell.source)
    return "\n\n".join([f"```python\n{cell.source}\n```", *map(_output, cell.get("outputs", []))])


def _output(output: nbformat.NotebookNode) -> str:
    if output.output_type == "stream":
        return f"```text\n{output.text.rstrip()}\n```"
    data = output.data
    if "image/png" in data:
        inline = f"data:image/png;base64,{data['image/png'].strip()}"
        return f'<img alt="what the cell shows" src="{inline}">'
    if "text/html" in data:
        return f'<div class="output">\n{"".join(data["text/html"].split(chr(10) * 2))}\n</div>'
    return f"```text\n{data['text/plain']}\n```"
