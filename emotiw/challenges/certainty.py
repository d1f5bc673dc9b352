"""How sure each fact of a challenge is, by what its sources say."""

from __future__ import annotations

from emotiw.challenges.spec import ChallengeSpec, Fact, Source

ORDER = ("found", "computed", "memory", "assumed")  # the surest first
UNPROVED = frozenset(ORDER[2:])


def stated_facts(spec: ChallengeSpec) -> tuple[Fact, ...]:
    """Return the facts that a spec states, and that a source should speak of.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> stated_facts(load_spec("vgaf"))
        ('labels', 'layout', 'metric', 'submission', 'sizes', 'attempts')
    """
    facts: list[Fact] = ["labels", "layout", "metric", "submission"]
    facts += ["sizes"] if spec.sizes else []
    facts += ["attempts"] if spec.attempts is not None else []
    facts += ["downloads"] if spec.downloads else []
    return tuple(facts)


def certainties(spec: ChallengeSpec) -> dict[Fact, str]:
    """Return the certainty of every fact that a spec states: the least that a source has of it.

    A fact that no source speaks of is empty.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> certainties(load_spec("vgaf"))["layout"]
        'assumed'
    """
    known: dict[Fact, str] = {}
    for fact in stated_facts(spec):
        said = [source.certainty for source in spec.sources if fact in source.facts]
        known[fact] = max(said, key=ORDER.index, default="")
    return known


def unproved(spec: ChallengeSpec, fact: Fact | None = None) -> tuple[Source, ...]:
    """Return the sources that only assume or remember, about one fact or about any."""
    return tuple(
        source
        for source in spec.sources
        if source.certainty in UNPROVED and (fact is None or fact in source.facts)
    )
