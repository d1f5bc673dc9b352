"""The parts of a page in their order: the one place where a part is added.

A part is a module with a function of what is read of the run, a template that shows what it returns
(as ``part``) in ``templates/sections/``, and a line here. Its contents may have ``sets``: clip ids
by what they are, which the clip browser then offers to show and to save.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from emotiw.analysis.report import runs_together
from emotiw.analysis.report.attention_shares import attention
from emotiw.analysis.report.confusion_matrices import confusion, scatters
from emotiw.analysis.report.headline import headline
from emotiw.analysis.report.history import ablation, attempts, curves
from emotiw.analysis.report.modality_importance import reliability, shares
from emotiw.analysis.report.next_steps import next_steps
from emotiw.analysis.report.over_time import thresholds, traces
from emotiw.analysis.report.quality import quality
from emotiw.analysis.report.recipe_text import recipe_text


@dataclass(frozen=True)
class Section:
    """One part.

    Attributes:
        name: of its template, and its anchor.
        title: in the navigation.
        contents: what the template shows of a run, or of several together; without any the part
            is left out.
    """

    name: str
    title: str
    contents: Callable[[Any], Any]


SECTIONS = (
    Section("next_steps", "What next", next_steps),
    Section("headline", "Score", headline),
    Section("confusion", "Confusions", confusion),
    Section("scatter", "Predictions", scatters),
    Section("traces", "Over time", traces),
    Section("thresholds", "Thresholds", thresholds),
    Section("reliability", "Reliability", reliability),
    Section("shares", "Modalities", shares),
    Section("attention", "Attention", attention),
    Section("ablation", "Ablation", ablation),
    Section("attempts", "Attempts", attempts),
    Section("curves", "Training", curves),
    Section("quality", "Data", quality),
    Section("clips", "Clips", lambda facts: not facts.cohort.owners),
    Section("recipe", "Recipe", recipe_text),
)
SIDE_BY_SIDE = (
    Section("runs", "Scores", runs_together.values),
    Section("modalities", "Modalities", runs_together.modalities),
    Section("confusion", "Confusions", runs_together.confusion),
    Section("scatter", "Predictions", runs_together.scatters),
    Section("only_right", "Who is right", runs_together.only_right),
    Section("clips", "Clips", lambda facts: True),
    Section("recipes", "Recipes", runs_together.recipes),
)


def filled(sections: Iterable[Section], facts: Any) -> list[dict[str, Any]]:
    """Return name, title and contents of the sections that have any.

    Args:
        sections: in the order of the page.
        facts: what their ``contents`` take.
    """
    made = [(each, each.contents(facts)) for each in sections]
    return [{"name": s.name, "title": s.title, "part": part} for s, part in made if part]
