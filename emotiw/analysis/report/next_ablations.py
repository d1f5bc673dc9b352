"""The ablations that what was found asks for, each a command to paste, with what it will take."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emotiw.analysis.ablation.axes import MOST_SUBSETS_OF, parse_axes
from emotiw.analysis.ablation.plan import Plan, duration, make_plan
from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.core.errors import EmotiwError
from emotiw.runs.pipeline import needs_faces
from emotiw.runs.run import Run, open_run

METHODS = ("weighted", "mean", "logistic")
FACES = ("no face found", "a face in less than half of the frames")
MORE_SENSITIVE = 0.25
CLIPS_PER_SPEAKER = 8  # below, vectors are standardised globally anyway


@dataclass(frozen=True)
class Ablation:
    """One proposal.

    Attributes:
        why: what it tells.
        axes: as on the command line, ``NAME=VALUES``.
    """

    why: str
    axes: tuple[str, ...]


def next_ablations(facts: RunSnapshot, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the proposals with their commands, rows and prices; what can't be planned is none.

    Args:
        facts: the run.
        found: what the other parts of "what next" have found.
    """
    run = facts.run
    command = ["emotiw", "ablate", *recipe_words(run)]
    proposals = []
    for each in _proposals(facts, found):
        asked = run.recipe.settings.ablation.model_copy(
            update={"axes": parse_axes(each.axes), "reference": {}}
        )
        try:
            plan = make_plan(run, asked)
        except EmotiwError:  # this recipe can't be varied like that
            continue
        words = [word for axis in each.axes for word in ("--axis", axis)]
        proposals.append(
            {
                "why": each.why,
                "command": shlex.join([*command, *words]),
                "n_rows": len(plan.variants.rows),
                "price": "there already" if plan.is_done else price_of(plan),
            }
        )
    return proposals


def recipe_words(run: Run) -> list[str]:
    """Return the words of a command that name this very run, from here or from anywhere."""
    config = run.folder / "recipe.yaml"
    is_below = config.resolve().is_relative_to(Path.cwd())
    words = [os.path.relpath(config) if is_below else str(config)]
    try:
        is_it = open_run(words[0]).folder.resolve() == run.folder.resolve()
    except EmotiwError:
        is_it = False
    if not is_it:  # it was moved since
        places = {"paths.runs": str(run.folder.parent), "name": run.folder.name}
        words += [w for key, at in places.items() for w in ("--set", f"{key}={json.dumps(at)}")]
    return words


def price_of(plan: Plan) -> str:
    """Return in words what is to be done, and about how long that took so far.

    Only times that were measured count: of clips per stage, of fits, of fused rows.
    """
    to_do = [step for step in plan.steps if step.to_do and step.stage != "fuse"]
    counted = [
        f"{step.to_do:,} {step.unit[:-1] if step.to_do == 1 else step.unit} of {step.stage}"
        for step in to_do
    ]
    price = ", ".join(counted) or "nothing to extract or to train"
    known = sum(step.seconds or 0.0 for step in plan.steps if step.to_do)
    unknown = [step.stage for step in plan.steps if step.to_do and step.seconds is None]
    return (
        price
        + (f": about {duration(known)}" if known else "")
        + (f"; not measured yet: {', '.join(unknown)}" if unknown else "")
    )


def _proposals(facts: RunSnapshot, found: Mapping[str, Any]) -> Iterator[Ablation]:
    recipe = facts.run.recipe
    names, fusion = list(recipe.models), recipe.fusion
    gain, weakest, data = (found.get(name) for name in ("modality", "weakest", "data"))
    if gain and gain["is_sure"] and gain["hurting"]:
        kept = [name for name in names if name not in gain["hurting"]]
        yield Ablation(
            f"{', '.join(gain['hurting'])}: is the run better without?",
            (f"modalities=[[{', '.join(names)}], [{', '.join(kept)}]]",),
        )
    elif len(names) > 1:
        which = "subsets" if len(names) < MOST_SUBSETS_OF else "leave one out"
        yield Ablation(
            f"what each modality is worth, in {facts.spec.official_metric.title}, with tests",
            (f"modalities={which}",),
        )
    if len(names) > 1:
        methods = dict.fromkeys([fusion.method, *METHODS])
        if weakest and weakest["is_sure"]:
            methods["class_weighted"] = None
        if not facts.run.task.is_label:
            methods = dict.fromkeys([fusion.method, "weighted", "mean"])
        yield Ablation("whether another fusion does better", (f"fusion={','.join(methods)}",))
    sure = {row["what"] for row in data["rows"] if row["is_sure"]} if data else set()
    if sure & set(FACES) and needs_faces(facts.run):
        own = recipe.faces.sensitivity
        yield Ablation(
            "clips without faces come out worse: does a more sensitive search find them?",
            (f"faces.sensitivity={own},{min(1.0, own + MORE_SENSITIVE)}",),
        )
    if facts.cohort.knows_groups and _clips_per_group(facts) >= CLIPS_PER_SPEAKER:
        for name, entry in recipe.models.items():
            preparation = getattr(entry.options, "preparation", None)
            if preparation is not None and preparation.standardise == "global":
                yield Ablation(
                    f"{name}: what standardising by speaker gives, which uses the other unlabelled "
                    "clips of whoever is judged",
                    (f"models.{name}.preparation.standardise=global,speaker",),
                )
    if any(hasattr(entry.options, "training") for entry in recipe.models.values()):
        seed = recipe.settings.seed
        yield Ablation(
            "how much is the luck of the seed",
            (f"seed={','.join(str(seed + n) for n in range(3))}",),
        )


def _clips_per_group(facts: RunSnapshot) -> float:
    assert facts.sample is not None
    return len(facts.sample) / max(facts.sample.n_groups, 1)
