"""Writes `docs/challenges.md`, the table of all challenges with the certainty of every fact.

    python configs/catalogue_page.py

`tests/challenges/test_catalogue_page.py` compares the page with the specs.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from emotiw.challenges.certainty import certainties
from emotiw.challenges.spec import ChallengeSpec, load_spec, spec_names

PAGE = Path(__file__).parents[1] / "docs" / "challenges.md"
FACTS = ("labels", "layout", "sizes", "metric", "submission", "attempts")
HEAD = """\
# Challenges and corpora

Written by `python configs/catalogue_page.py` from `configs/challenges`. Of every fact it says how
sure it is: *found* on an organiser's page, in an organiser's or an entrant's program, or in a
paper; *computed* from files that are public; from *memory*, not verified; *assumed*, because
nothing was found. Where sources differ, the least of them counts. A dash: the challenge states no
such fact. `emotiw challenges show NAME` has the sources, word by word, and the published figures.

A corpus that is no challenge has no official metric and no submission: what stands there is this
project's, hence assumed.
"""


def page() -> str:
    """Return the page."""
    specs = [load_spec(name) for name in spec_names()]
    lines = [HEAD, f"{len(specs)} names; facts: {_counted(specs)}.\n"]
    lines += ["| name | title | about | metric | " + " | ".join(FACTS) + " |"]
    lines += ["|" + "---|" * (4 + len(FACTS))]
    lines += [_row(spec) for spec in specs]
    lines += ["\n## What can't be learnt yet\n"]
    lines += [f"- `{spec.name}`: {spec.limits}" for spec in specs if spec.limits]
    return "\n".join(lines) + "\n"


def _row(spec: ChallengeSpec) -> str:
    known = certainties(spec)
    cells = [f"`{spec.name}`", spec.title, spec.topic, spec.metric]
    cells += [known.get(fact, "–") for fact in FACTS]
    return "| " + " | ".join(cells) + " |"


def _counted(specs: list[ChallengeSpec]) -> str:
    counts = Counter(how for spec in specs for how in certainties(spec).values())
    return ", ".join(f"{counts[how]} {how}" for how in ("found", "computed", "memory", "assumed"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
