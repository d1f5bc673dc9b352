"""What pages ask for: references read off the code, so that they can't fall behind it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any, get_args

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import emotiw
from docs.notebook import rendered
from emotiw.challenges.spec import spec_names
from emotiw.cli.app import app
from emotiw.core.registry import Registry
from emotiw.evaluation.metrics import METRICS
from emotiw.models.aggregation.registry import AGGREGATIONS
from emotiw.models.registry import MODELS
from emotiw.runs.recipe import packaged_recipes
from emotiw.runs.recipe_kinds import described
from emotiw.runs.recipe_settings import RecipeSettings
from features.faces.face_options import FaceOptions
from features.registry import EXTRACTORS
from fusion.fusion_options import FusionOptions
from fusion.registry import CALIBRATIONS, COMBINERS

ATTRIBUTE = re.compile(r"^    (\w+): (.+?)(?=^    \w+: |^\w|\Z)", re.MULTILINE | re.DOTALL)
Rows = Iterable[tuple[str, ...]]


def table(head: tuple[str, ...], rows: Rows) -> str:
    """Return a Markdown table; what stands in cells loses its line breaks."""
    lines = [head, ("---",) * len(head), *rows]
    cells = ([" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def plain(text: str) -> str:
    """Return the text of a docstring as Markdown."""
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text.replace("``", "`"))


def first_line(part: Any) -> str:
    """Return the sentence that says what a part is."""
    return plain((inspect.getdoc(part) or "").partition("\n\n")[0])


def explained(model: type[BaseModel]) -> dict[str, str]:
    """Return what docstrings and descriptions say of each key, those of bases included."""
    said: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        attributes = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:\n")[2]
        said |= {name: plain(text) for name, text in ATTRIBUTE.findall(attributes)}
    told = {name: field.description for name, field in model.model_fields.items()}
    return said | {name: plain(text) for name, text in told.items() if text}


def shown(field: Any) -> str:
    """Return the default of a key."""
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) or value == {} or value is PydanticUndefined:
        return ""
    spelt = {None: "null", True: "true", False: "false"}.get(value) if _is_plain(value) else None
    return f"`{spelt or (list(value) if isinstance(value, tuple) else value)}`"


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def keys(model: type[BaseModel], inner: dict[str, type[BaseModel]]) -> str:
    """Return the table of a model's keys; what they hold in turn is noted in ``inner``."""
    said = explained(model)
    rows = []
    for name, field in model.model_fields.items():
        held = [
            kind
            for kind in (field.annotation, *get_args(field.annotation))
            if inspect.isclass(kind) and issubclass(kind, BaseModel)
        ]
        links = "".join(f" Keys: [{_called(kind)}](#{_called(kind)})." for kind in held)
        inner |= {_called(kind): kind for kind in held}
        rows.append((f"`{name}`", shown(field), said.get(name, "") + links))
    return table(("key", "default", "what it says"), rows) if rows else "No options.\n"


def _called(kind: type[BaseModel]) -> str:
    words = re.findall(r"[A-Z][a-z0-9]*", re.sub(r"(Options|Settings)$", "", kind.__name__))
    return "-".join(["keys-of", *words]).lower()


def recipe() -> str:
    """Return every key of a recipe."""
    inner: dict[str, type[BaseModel]] = {}
    said = explained(RecipeSettings)
    fields = RecipeSettings.model_fields.items()
    rows = [(_linked(name), shown(field), said[name]) for name, field in fields]
    parts = ["## The top\n", table(("key", "default", "what it says"), rows)]
    for name, field in RecipeSettings.model_fields.items():
        kind = {"faces": FaceOptions, "fusion": FusionOptions}.get(name, field.annotation)
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            parts.append(f"## {name}\n\n{first_line(kind)}\n\n{keys(kind, inner)}")
    for title, registry in (("features", EXTRACTORS), ("models", MODELS)):
        parts.append(f"## {title}\n")
        for name in registry.names():
            part = registry.resolve(name)
            parts.append(f"### {name}\n\n{first_line(part)}\n\n{keys(part.Options, inner)}")
    parts.append("## Keys within keys\n")
    done: set[str] = set()
    while left := [name for name in inner if name not in done]:
        done.add(left[0])
        kind = inner[left[0]]
        title = f"### {left[0].replace('-', ' ')}"
        parts.append(f"{title}\n\n{first_line(kind)}\n\n{keys(kind, inner)}")
    return "\n".join(parts)


def _linked(name: str) -> str:
    is_plain = name in {"challenge", "name", "seed"}
    return f"`{name}`" if is_plain else f"[`{name}`](#{name})"


def parts(_: str = "") -> str:
    """Return the names of smaller parts, and what each does."""
    chosen: dict[str, Registry[Any]] = {
        "Fusion methods": COMBINERS,
        "Calibrations": CALIBRATIONS,
        "Aggregations": AGGREGATIONS,
    }
    told = []
    for title, registry in chosen.items():
        rows = [(f"`{name}`", first_line(registry.resolve(name))) for name in registry.names()]
        told.append(f"## {title}\n\n{table(('name', 'what it does'), rows)}")
    rows = [(f"`{name}`", METRICS.resolve(name).title) for name in METRICS.names()]
    return "\n".join([*told, "## Metrics\n\n" + table(("name", "title"), rows)])


def commands() -> str:
    """Return every command with its arguments and options."""
    return "\n".join(_commands(typer.main.get_command(app), "emotiw"))


def _commands(command: Any, name: str) -> Iterable[str]:
    if hasattr(command, "commands"):
        if name != "emotiw":
            yield f"## {name}\n\n{command.help}\n"
        for word in sorted(
            command.commands, key=lambda w: hasattr(command.commands[w], "commands")
        ):
            yield from _commands(command.commands[word], f"{name} {word}")
        return
    level = "##" if name.count(" ") == 1 else "###"
    text = re.sub(r"^(emotiw .*)$", r"`\1`", inspect.cleandoc(command.help), flags=re.MULTILINE)
    rows = [(_spelt(each), _default(each), each.help or "") for each in command.params]
    yield f"{level} {name}\n\n{text}\n\n{table(('', 'default', 'what it says'), rows)}"


def _spelt(parameter: Any) -> str:
    if not parameter.opts[0].startswith("-"):
        return f"`{parameter.name.upper()}{'…' if parameter.nargs == -1 else ''}`"
    return ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])


def _default(parameter: Any) -> str:
    if parameter.required:
        return "needed"
    return "" if parameter.default in (None, False, ()) else f"`{parameter.default}`"


def api() -> str:
    """Return the directives that document every public name of the package."""
    kinds = {name: inspect.isclass(getattr(emotiw, name)) for name in emotiw.__all__}
    told = [
        f".. autoclass:: emotiw.{name}\n   :members:\n"
        if is_class
        else f".. autofunction:: emotiw.{name}\n"
        for name, is_class in kinds.items()
    ]
    return _directives(told)


# scikit-learn writes these into every estimator, with links into its own pages
ROUTING = [
    f"set_{what}_request" for what in ("fit", "predict", "predict_proba", "score", "transform")
]


def classes(names: str) -> str:
    """Return the directives that document classes, given as ``module:Class,…``."""
    paths = (name.replace(":", ".") for name in names.split(","))
    left = f"   :exclude-members: {', '.join(ROUTING)}\n"
    return _directives([f".. autoclass:: {path}\n   :members:\n{left}" for path in paths])


def _directives(told: list[str]) -> str:
    lines = "\n".join(told)
    return f"```{{eval-rst}}\n{lines}```"


def recipes() -> str:
    """Return the recipes that come along."""
    known = described(packaged_recipes())
    rows = [(f"`{name}`", f"`{command}`", said) for name, command, said in known]
    return table(("name", "command", "what it is for"), rows)


def count() -> str:
    """Return how many challenges and corpora come along."""
    return f"{len(spec_names())} challenges and corpora come along.\n"


FILLINGS: dict[str, Callable[..., str]] = {
    "api": api,
    "classes": classes,
    "commands": commands,
    "count": count,
    "notebook": rendered,
    "parts": parts,
    "recipe": recipe,
    "recipes": recipes,
}
