"""What has to stand beside figures, wherever they are printed: said once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import hypot, isfinite

from emotiw.core.cohort import Cohort
from emotiw.evaluation.results import ESTIMATED_GROUPS, Result

UNKNOWN_GROUPS = (
    "warning: speakers are unknown: copies of one voice or face may be on both sides; figures can "
    "be far too high. Say who speaks (a column `group` in the table of clips or in manifest.csv, "
    "or data: {options: {group_pattern: REGEX}} where file names tell), or let speakers be "
    "estimated (folds: {groups: estimated})."
)
SEEN = "in sample: models that have seen these clips or their speakers; it says nothing of others"
UNKNOWN_TRAINING = (
    "nothing says what the models were trained on (trained_on): they may have seen these clips"
)
SAME = "compare only with those who do the same"


def notes_of(results: Sequence[Result]) -> list[str]:
    """Return what whoever prints these results has to say of them."""
    return [
        *groups_notes(all(result.knows_groups for result in results)),
        *dict.fromkeys(result.note for result in results if result.note),
        *_told(results, "seen", SEEN),
        *_told(results, "unknown", UNKNOWN_TRAINING),
        *adapted_notes(results),
        *alarms(results),
    ]


def adapted_notes(results: Iterable[Result]) -> list[str]:
    """Return which values are of models that were fitted to clips without labels, and to which."""
    names: dict[str, dict[str, None]] = {}
    for one in results:
        if one.adapted_on:
            names.setdefault(" and ".join(one.adapted_on), {})[one.name] = None
    return [f"{', '.join(own)}: adapted on {clips}: {SAME}" for clips, own in names.items()]


def unscored_notes(results: Iterable[Result]) -> list[str]:
    """Return which values are of clips that not all have scores, and what the others count."""
    return [
        f"{one.name} has no scores of {one.n - one.n_scored:,} of {one.n:,} clips: they "
        + ("count as wrong" if one.metric.task == "classification" else "are left out")
        for one in results
        if one.n_scored < one.n
    ]


def groups_notes(knows_groups: bool) -> list[str]:
    """Return what has to be said of the groups behind figures: nothing, where they are known."""
    return [] if knows_groups else [UNKNOWN_GROUPS]


def groups_notes_of(cohorts: Iterable[Cohort]) -> list[str]:
    """Return what has to be said of the groups where each run knows clips in its own way.

    A run whose speakers are unknown was cross-validated without them, whatever another one knows.
    """
    known = list(cohorts)
    is_estimated = any(cohort.estimates_groups for cohort in known)
    told = [ESTIMATED_GROUPS] if is_estimated else []
    return [*groups_notes(all(cohort.knows_groups for cohort in known)), *told]


def over(knows_groups: bool) -> str:
    """Return what intervals and tests are over.

    Examples:
        >>> over(True), over(False)
        ('over groups', 'over single clips, as if each were another speaker')
    """
    return "over groups" if knows_groups else "over single clips, as if each were another speaker"


def alarms(results: Sequence[Result]) -> Iterator[str]:
    """Yield where training and validation differ by more than their intervals allow.

    What has been learnt from the training clips, features above all, makes them look too easy
    out of fold as well; only other clips tell.
    """
    held_out = [result for result in results if result.provenance == "held out"]
    val = {(one.name, one.metric.name): one for one in held_out if one.split == "val"}
    for train in held_out:
        other = val.get((train.name, train.metric.name))
        if train.split != "train" or other is None:
            continue
        better, worse = sorted((other, train), key=_signed, reverse=True)
        gap = abs(better.value - worse.value)
        down, up = _reaches(better)[0], _reaches(worse)[1]
        if not isfinite(gap) or not isfinite(down + up) or gap <= hypot(down, up):
            continue
        shown = " and ".join(
            f"{one.metric.shown(one.value)} on {one.judged_on}" for one in (train, other)
        )
        why = (
            "the training figure is too good: was something learnt from these clips, or are "
            "speakers or copies in several folds? (trained_on: train)"
            if better is train
            else "val is easier, or its speakers are among the training clips"
        )
        yield (
            f"warning: {train.name}: {train.metric.title} {shown}, further apart than their "
            f"intervals allow; {why}"
        )


def _signed(result: Result) -> float:
    return result.metric.signed(result.value)


def _reaches(result: Result) -> tuple[float, float]:
    """Return how far the interval goes towards worse and towards better values."""
    ends = (abs(result.value - result.low), abs(result.high - result.value))
    return ends if result.metric.is_higher_better else ends[::-1]


def _told(results: Iterable[Result], provenance: str, words: str) -> Iterator[str]:
    names = dict.fromkeys(
        f"{one.name} ({one.split})" for one in results if one.provenance == provenance
    )
    if names:
        yield f"{', '.join(names)}: {words}"
