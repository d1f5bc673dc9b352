"""The challenges that are known: listed, shown, and a beginning for a new one."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

from emotiw.challenges.certainty import UNPROVED, certainties, unproved
from emotiw.challenges.layout_tree import tree_lines
from emotiw.challenges.reading import reader_of
from emotiw.challenges.spec import ChallengeSpec, Figure, load_spec, spec_names
from emotiw.core.config import packaged
from emotiw.core.errors import ConfigError, suggest
from emotiw.core.files import atomic_write


def summaries(
    *, task: str | None = None, year: int | None = None, modality: str | None = None
) -> list[dict[str, Any]]:
    """Return the challenges that come with the toolkit, by name.

    Args:
        task: only those about it (``groups``, ``engagement``, …), or of that kind
            (``classification`` or ``regression``).
        year: only those of that year.
        modality: only those whose clips hold it: ``audio``, ``video`` or ``image``.

    Raises:
        ConfigError: if no challenge has such a task or modality.
    """
    lines = [summary_of(load_spec(name)) for name in spec_names()]
    known_tasks = {line["topic"] for line in lines} | {line["task"] for line in lines}
    known_modalities = {each for line in lines for each in line["modalities"].split(", ")}
    for what, asked, known in (
        ("task", task, known_tasks), ("modality", modality, known_modalities)
    ):  # fmt: skip
        if asked is not None and asked not in known:
            listed = ", ".join(sorted(known))
            raise ConfigError(f"no {what} {asked!r}{suggest(asked, known)} (known: {listed})")
    return [
        line
        for line in lines
        if task in (None, line["topic"], line["task"])
        and year in (None, line["year"])
        and (modality is None or modality in line["modalities"].split(", "))
    ]


def summary_of(spec: ChallengeSpec) -> dict[str, Any]:
    """Return a challenge in one line.

    Examples:
        >>> line = summary_of(load_spec("vgaf"))
        >>> line["answers"], line["metric"], line["attempts"]
        ('3 labels', 'accuracy', 5)
    """
    counts = ((len(spec.labels), "label"), (len(spec.targets), "target"))
    answers = [f"{count} {word}{'s' * (count > 1)}" for count, word in counts if count]
    known = {name: getattr(spec, name) for name in ("name", "year", "title", "topic", "unit")}
    known |= {"task": spec.task_kind, "modalities": ", ".join(spec.modalities)}
    known |= {"answers": ", ".join(answers), "metric": spec.metric}
    return known | {"submission": spec.submission.format, "attempts": spec.attempts}


def describe(spec: ChallengeSpec) -> str:
    """Return everything that is known of a challenge, with its sources and how sure they are."""
    targets = [f"{t.name} ({t.minimum:g} to {t.maximum:g})" for t in spec.targets]
    codes = [f"{code} = {label}" for code, label in spec.codes.items()]
    sizes = [f"{count} {split}" for split, count in spec.sizes.items()]
    metric = spec.metric + (f" ({spec.metric_note})" if spec.metric_note else "")
    facts = {
        "about": spec.topic,
        "unit": f"{spec.unit} ({', '.join(spec.modalities)})",
        "labels": ", ".join(spec.labels),
        "targets": ", ".join(targets),
        "codes": ", ".join(codes),
        "sizes": ", ".join(sizes),
        "metric": metric,
        "submission": spec.submission.format,
        "attempts": "" if spec.attempts is None else str(spec.attempts),
        "folds": ", ".join(spec.folds),
        "downloads": ", ".join(f"{name} ({d.licence})" for name, d in spec.downloads.items()),
        "not yet": spec.limits,
        "unproved": ", ".join(
            f"{fact} ({how})" for fact, how in certainties(spec).items() if how in UNPROVED
        ),
    }
    lines = [f"{spec.name}: {spec.title}, {spec.year}"]
    lines += [f"  {name:<11} {text}" for name, text in facts.items() if text]
    lines += ["  layout", *(f"    {line}" for line in layout_of(spec))]
    lines += ["  published"] if spec.figures else []
    lines += [f"    {_figure(figure, spec)}" for figure in spec.figures]
    doubts = unproved(spec)
    lines += ["  assumed, or from memory"] if doubts else []
    lines += [f"    {', '.join(doubt.facts) or 'else'}: {doubt.says}" for doubt in doubts]
    lines += ["  sources"]
    for source in spec.sources:
        place = f": {source.where}" if source.where else ""
        lines.append(f"    [{source.certainty}] {source.says}{place}")
    return "\n".join(lines)


def layout_of(spec: ChallengeSpec) -> list[str]:
    """Return how a challenge's folder has to look, a line per folder and file.

    Examples:
        >>> for line in layout_of(load_spec("emodb")):
        ...     print(line)
        emodb/ or EmoDB/ or EMODB/, or at the top
          **/
            *.wav, *.flac  clips; their names say speaker, text, emotion, version
    """
    reader = reader_of(spec)
    lines = tree_lines(reader.paths(spec))
    if not reader.inside:
        return lines
    return [
        f"{' or '.join(f'{name}/' for name in reader.inside)}, or at the top",
        *(f"  {line}" for line in lines),
    ]


def new_spec(path: Path, *, base: str | None = None) -> Path:
    """Write the beginning of a challenge of one's own; the file's name names it.

    Args:
        path: the YAML file to make.
        base: a challenge that the new one extends; a commented template without it.

    Raises:
        ConfigError: if the file exists, its name can't be one of a challenge, or there is no
            such challenge to extend.
    """
    if path.suffix != ".yaml" or not re.fullmatch(r"[a-z0-9][a-z0-9_]*", path.stem):
        raise ConfigError(f"{path}: expected <name>.yaml, the name in lower case, digits and _")
    if path.exists():
        raise ConfigError(f"{path} exists; it is left as it is")
    year = str(date.today().year)
    if base is not None:
        load_spec(base)
        text = (
            f"extends: {base}\nname: {path.stem}\ntitle: {path.stem}\nyear: {year}\n"
            "figures: null\nsources:\n"
            f"  - {{says: as {base}, where: the organisers' page, certainty: assumed}}\n"
        )
    else:
        template = packaged("new_challenge.yaml").read_text(encoding="utf-8")
        text = template.replace("NAME\n", f"{path.stem}\n").replace("YEAR\n", f"{year}\n")
    atomic_write(path, text.encode())
    load_spec(path)
    return path


def _figure(figure: Figure, spec: ChallengeSpec) -> str:
    metric = figure.metric or spec.metric
    place = f", {figure.where}" if figure.where else ""
    how = f" ({figure.protocol})" if figure.protocol else ""
    return (
        f"[{figure.certainty}] {figure.kind} {figure.who}: {metric} {figure.value:g} "
        f"on {figure.split}{how}{place}"
    )
