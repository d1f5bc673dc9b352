"""Whether weights have learnt from the very clips that they are asked about, as their cards say."""

from __future__ import annotations

import hashlib

from emotiw.challenges.known_layouts import is_named_as
from emotiw.challenges.spec import spec_names
from emotiw.core.cohort import Cohort
from emotiw.core.feature_table import LearntOn
from emotiw.core.part import Part

OWN_FOLDER = "folder"  # the challenge of whoever has none


def learnt_on(part: Part, challenge: str, cohort: Cohort) -> LearntOn:
    """Return whether the weights of a part have seen clips of a cohort, as far as they say.

    Of a challenge that goes by its name, they have seen the training clips. Another corpus is known
    by what the cohort calls it and by the names of its files, wherever they lie (one whose files go
    by other names is not known again); where its clips are not of training alone, nothing here is
    held out for certain.
    """
    card = getattr(part, "card", None)
    seen = set[str]() if card is None else set(card.learnt_on)
    if not seen:
        return "other data"
    if seen & {challenge, training_name(challenge, cohort)}:
        return "train"
    clips = list(cohort)
    paths = [clip.path for clip in clips]
    names = [path.as_posix().removesuffix(path.suffix) for path in paths]
    known = sorted(seen & {*spec_names()})
    named = zip(*(is_named_as(corpus, names) for corpus in known), strict=True)
    is_named = [any(each) for each in named] or [False] * len(clips)
    splits = {
        clip.split
        for clip, is_known in zip(clips, is_named, strict=True)
        if clip.corpus in seen or is_known
    }
    return "other data" if not splits else "train" if splits == {"train"} else "unknown"


def training_name(challenge: str, cohort: Cohort) -> str:
    """Return what a card says that has learnt from the training clips of a cohort.

    A folder of one's own goes by no name but its clips.
    """
    if challenge != OWN_FOLDER:
        return challenge
    contents = sorted(clip.content or clip.clip_id for clip in cohort.select("train"))
    return f"clips:{hashlib.sha256(' '.join(contents).encode()).hexdigest()[:16]}"


def names_of_training(challenge: str, cohort: Cohort) -> tuple[str, ...]:
    """Return all that a card says that has learnt from these clips: the corpora of some, too."""
    corpora = {clip.corpus for clip in cohort.select("train") if clip.corpus}
    return tuple(sorted({training_name(challenge, cohort), *corpora}))
