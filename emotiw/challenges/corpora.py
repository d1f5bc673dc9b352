"""Several corpora as one challenge: trained on one, judged on another."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from emotiw.challenges.manifest_builder import ManifestBuilder
from emotiw.challenges.reader import Reader
from emotiw.challenges.spec import ChallengeSpec, load_spec
from emotiw.core.clip import CORPUS, Split
from emotiw.core.config import Strict


class Corpus(Strict):
    """One of several corpora.

    Attributes:
        challenge: its own spec, by name or path; called as the corpus where None.
        folder: below the root; the root itself by default.
        split: what all of its clips are for; their own splits where None.
        options: over the layout options of its spec.
    """

    challenge: str | None = None
    folder: Path = Path()
    split: Split | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class Corpora(Reader):
    """Clips of several corpora, each read as its own spec says.

    Labels are translated by name: the ``codes`` of the challenge say what those of the corpora
    stand for, and its ``ignored_codes`` which of them it leaves out. A clip's column ``corpus``
    says where it comes from. A speaker is of one corpus, whatever the number; published folds are
    of one corpus alone, and not taken over.

    Attributes:
        corpora: by name.
    """

    tells_of_others: ClassVar[bool] = False  # each corpus does, of its own folder

    corpora: dict[str, Corpus] = Field(min_length=1)

    def paths(self, spec: ChallengeSpec) -> dict[str, str]:
        """Return a folder per corpus, each as its own challenge has it."""
        from emotiw.challenges.reading import reader_of

        found: dict[str, str] = {}
        for name, corpus in self.corpora.items():
            own = load_spec(corpus.challenge or name).with_options(corpus.options)
            home = "" if corpus.folder == Path() else f"{corpus.folder}/"
            paths = reader_of(own).paths(own)
            found |= {f"{home}{path}": f"{name}: {told}" for path, told in paths.items()}
        return found

    def read(self, builder: ManifestBuilder) -> None:
        """Note the clips of one corpus after the other."""
        from emotiw.challenges.reading import read_challenge

        for name, corpus in self.corpora.items():
            spec = load_spec(corpus.challenge or name).with_options(corpus.options)
            cohort, warnings, refused = read_challenge(spec, builder.root / corpus.folder)
            builder.warnings += [f"{name}: {warning}" for warning in warnings]
            builder.refused += refused
            target = "" if builder.spec.task.is_label else builder.spec.score_names[0]
            for clip in cohort.answered():
                builder.add(
                    clip.clip_id,
                    clip.path,
                    corpus.split or clip.split,
                    code=clip.label,
                    targets={} if clip.target is None else {target: repr(clip.target)},
                    group=None if clip.group is None else f"{name} {clip.group}",
                    extra={**clip.extra, CORPUS: name},
                )
