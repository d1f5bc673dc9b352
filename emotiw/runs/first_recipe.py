"""The first recipe of a folder: written from what the folder seems to be, with the reasons."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from emotiw.challenges.proposal import Proposal, look
from emotiw.challenges.start_choices import Choices, Question
from emotiw.core.clip import TRANSCRIPT
from emotiw.core.errors import ConfigError, MediaError
from emotiw.core.files import atomic_write
from emotiw.core.media.media_reader import MediaReader

PROBED = 3  # videos are looked at for sound
MOST_FOLDS = 5


@dataclass(frozen=True)
class Started:
    """What has been written.

    Attributes:
        recipe: the recipe.
        spec: the challenge of one's own; None where the challenge is known.
        proposal: what the folder seems to be.
    """

    recipe: Path
    spec: Path | None
    proposal: Proposal


def start(
    folder: Path | str,
    *,
    out: Path | str | None = None,
    challenge: str | None = None,
    labels: str | None = None,
    speakers: str | None = None,
    table: str | None = None,
    task: str | None = None,
) -> Started:
    """Write a recipe, and where needed a small challenge, for a folder of clips of one's own.

    Args:
        folder: of videos, photographs or recordings; or of a table and features.
        out: the recipe to write; ``<folder's name>.yaml`` here by default.
        challenge: whose layout it is, by name; ``none`` for none that is known.
        labels: ``folders``, a column of the table, or ``none``.
        speakers: regular expression that finds the speaker in a clip's path; or ``unknown``.
        table: name of the table beside the clips; ``none`` to read none.
        task: ``labels`` or ``numbers``, where numbers in a table might be either.

    Raises:
        ManifestError: if there is nothing in the folder, or it contradicts itself.
        ConfigError: if only a person can tell what something means, or a file is there already.
    """
    choices = Choices(challenge, labels, speakers, table, task)
    return write_first_recipe(settled(Path(folder), choices), out)


def settled(folder: Path, choices: Choices) -> Proposal:
    """Return what a folder seems to be, with the default of every question that has one.

    Raises:
        ConfigError: with a question that has none.
    """
    doubts = list[str]()
    while True:
        proposal = look(folder, choices)
        if not proposal.questions:
            proposal.doubts[:0] = doubts
            return proposal
        question = proposal.questions[0]
        ways = " or ".join(f"--{question.about} {value!r}" for value in question.options)
        if question.default is None:
            raise ConfigError(f"{folder}: {question.text} {_listed(question)}; say {ways}")
        doubts.append(f"{question.text} taken: {question.default}; {_listed(question)}")
        choices = answered(choices, question, question.default)


def answered(choices: Choices, question: Question, answer: str) -> Choices:
    """Return the choices with the answer to a question."""
    return Choices(**{**vars(choices), question.about: answer})


def write_first_recipe(proposal: Proposal, out: Path | str | None = None) -> Started:
    """Write the recipe of what a folder seems to be, and its challenge where it is none yet.

    Raises:
        ConfigError: if one of the files is there already.
    """
    recipe = Path(out) if out is not None else Path(f"{proposal.slug}.yaml")
    spec = recipe.with_name(f"{recipe.stem}_challenge.yaml") if proposal.spec else None
    for path in (recipe, spec):
        if path is not None and path.exists():
            raise ConfigError(f"{path} exists, and is left as it is: --out OTHER.yaml")
    if spec is not None:
        atomic_write(spec, _spec_text(proposal, recipe).encode())
    challenge = proposal.challenge or spec.name  # type: ignore[union-attr]  # one of them is there
    atomic_write(recipe, ("\n".join(_recipe_lines(proposal, challenge, recipe)) + "\n").encode())
    return Started(recipe, spec, proposal)


def _spec_text(proposal: Proposal, recipe: Path) -> str:
    head = f"# What the clips of {proposal.root} are asked, and where their labels stand.\n"
    head += f"# Written for {recipe.name}; mend what is wrong here.\n"
    return head + yaml.safe_dump(
        proposal.spec, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )


def _recipe_lines(proposal: Proposal, challenge: str, recipe: Path) -> Iterator[str]:
    yield f"# The clips of {proposal.root}: `emotiw run {recipe}`. What was found:"
    yield from (f"#   {line}" for line in proposal.told)
    yield from (f"#   doubtful: {line}" for line in [*proposal.doubts, *proposal.warnings])
    yield f"challenge: {_flow(challenge)}"
    root = proposal.root
    if not root.is_absolute():
        root = Path(os.path.relpath(root, recipe.parent))
    yield f"data: {{root: {_flow(str(root))}}}   # relative to this file"
    features, models = _parts(proposal)
    yield "features:"
    yield from (f"  {name}: {_flow(options)}" for name, options in features.items())
    if not _is_learnable(proposal):
        yield "# no models: nothing could be learnt and judged"
        return
    yield "models:"
    yield from (f"  {name}: {_flow(options)}" for name, options in models.items())
    n_groups = _n_groups(proposal)
    if n_groups < MOST_FOLDS:
        n_folds = n_groups if n_groups > 1 else 0
        yield f"folds: {{n_folds: {n_folds}}}   # as many as there are speakers to hold out"
    task = proposal.cohort.task if proposal.cohort is not None else None
    calibration = ", calibration: temperature" if task is not None and task.is_label else ""
    yield f"fusion: {{method: weighted{calibration}}}"


def _parts(proposal: Proposal) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return features and models that suit the media, or the files of features."""
    if proposal.features:
        names = {re.sub(r"\W", "_", Path(file).stem): file for file in proposal.features}
        imported = {
            name: {"extractor": "imported", "path": file, "unit": proposal.features[file]}
            for name, file in names.items()
        }
        return imported, {name: {"model": "svm", "features": name} for name in names}
    features: dict[str, dict[str, Any]] = {}
    models: dict[str, dict[str, Any]] = {}
    if _has_transcripts(proposal):
        features["words"] = {"extractor": "transcript"}
        models["text"] = {"model": "text_logistic", "features": "words"}
    if proposal.kinds["image"]:
        features |= {"people": {"extractor": "people"}, "scene": {"extractor": "scene"}}
        models |= {
            "faces": {"model": "group", "features": "people", "learner": "svm"},
            "scene": {"model": "svm", "features": "scene"},
        }
    if proposal.kinds["video"]:
        features["face"] = {"extractor": "frames"}
        models["face"] = {"model": "svm", "features": "face"}
    if proposal.kinds["sound"] or _has_sound(proposal):
        features["voice"] = {"extractor": "opensmile", "feature_set": "eGeMAPSv02"}
        models["voice"] = {"model": "svm", "features": "voice"}
    return features, models


def _has_transcripts(proposal: Proposal) -> bool:
    """Return whether the table says what is said in clips, or subtitles lie beside any."""
    return any(
        TRANSCRIPT in clip.extra
        or any(clip.path.with_suffix(kind).is_file() for kind in (".srt", ".vtt"))
        for clip in proposal.cohort or ()
    )


def _has_sound(proposal: Proposal) -> bool:
    """Return whether any of the first videos has a sound track."""
    probed = 0
    for clip in proposal.cohort or ():
        if probed == PROBED or not proposal.kinds["video"]:
            break
        try:
            with MediaReader(clip.path) as reader:
                if reader.info.has_audio:
                    return True
                probed += reader.info.has_video and not reader.info.is_still
        except MediaError:
            continue
    return False


def _is_learnable(proposal: Proposal) -> bool:
    assert proposal.cohort is not None
    is_judged = _n_groups(proposal) > 1 or bool(proposal.cohort.select("val"))
    return is_judged and len({clip.truth for clip in proposal.cohort.training}) > 1


def _n_groups(proposal: Proposal) -> int:
    assert proposal.cohort is not None
    groups: Mapping[str, str] = proposal.cohort.groups
    return len({groups[clip.clip_id] for clip in proposal.cohort.training})


def _listed(question: Question) -> str:
    return "; ".join(f"{value}: {told}" for value, told in question.options.items())


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True)
    return text.removesuffix("\n...\n").strip()
