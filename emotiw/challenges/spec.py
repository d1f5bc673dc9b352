"""What a challenge is: labels, splits, layout, metric and submission, all of it data."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from emotiw.challenges.downloads import Download, PartName
from emotiw.core.clip import Split
from emotiw.core.config import Document, Strict, packaged, read_document, validated
from emotiw.core.errors import ConfigError, suggest
from emotiw.core.registry import named_in
from emotiw.core.several import Presence, Several
from emotiw.core.task import Classification, Regression, Task
from emotiw.evaluation.metrics import METRICS, Metric, metric_named

SOUND = (".wav", ".mp3", ".flac", ".ogg", ".m4a")
Answer = str | float | tuple[str | float, ...]
Certainty = Literal["found", "computed", "memory", "assumed"]
Fact = Literal[
    "labels", "layout", "sizes", "metric", "submission", "attempts", "folds", "downloads"
]
Topic = Literal[
    "emotion",
    "groups",
    "engagement",
    "sentiment",
    "humour",
    "perception",
    "hesitancy",
    "action_units",
    "gaze",
    "eating",
]


class Target(Strict):
    """A number to predict.

    Attributes:
        name: its column.
        minimum: the smallest value allowed; any where it isn't known.
        maximum: the largest value allowed; any where it isn't known.
        values: the only values allowed in a submission, where it isn't any number in the range.
        is_presence: whether it says that something is there, 1, or isn't, 0.
    """

    name: str
    minimum: float = -math.inf
    maximum: float = math.inf
    values: tuple[float, ...] | None = None
    is_presence: bool = False

    @property
    def answer(self) -> Task:
        """What is asked, as a task of its own."""
        if self.is_presence:
            return Presence((self.name,))
        return Regression((self.name,), (self.minimum, self.maximum))


class Layout(Strict):
    """How the challenge's folder is read.

    Attributes:
        reader: a name known to ``emotiw.challenges.READERS``, or ``module:attribute``.
        options: of that reader.
    """

    reader: str
    options: dict[str, Any] = Field(default_factory=dict)


class Submission(BaseModel):
    """The file that the organisers take; all but the format are its options.

    Attributes:
        format: a name known to ``submissions.registry.FORMATS``, or ``module:attribute``.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    format: str


class Figure(Strict):
    """A published result, to stand beside one's own.

    Attributes:
        who: the method or team.
        kind: the organisers' own ``baseline``, the ``winner``, or any other ``entry``.
        split: ``val`` or ``test``; ``folds`` for cross-validation.
        value: as printed (accuracies in percent).
        metric: its name; the challenge's own metric where None.
        protocol: how clips were split, where it isn't the challenge's own splits: one of its
            ``folds``, or words (``random split``).
        certainty: how sure it is.
        where: the source.
    """

    who: str
    kind: Literal["baseline", "winner", "entry"]
    split: Literal["val", "test", "folds"]
    value: float
    metric: str | None = None
    protocol: str = ""
    certainty: Certainty = "found"
    where: str = ""


class Source(Strict):
    """Where facts of a spec come from.

    Attributes:
        facts: which facts.
        says: the same in words.
        where: a page, repository or paper.
        certainty: ``found`` there, ``computed`` from its files, from ``memory`` and not verified,
            or ``assumed`` here because nothing was found.
    """

    facts: tuple[Fact, ...] = ()
    says: str
    where: str
    certainty: Certainty


class FoldProtocol(Strict):
    """A published way to hold speakers out.

    Attributes:
        by: the field of a clip that is held out together (``speaker``).
        held_out: per fold, the values that it holds out. Without it, every value is a fold.
        splits: instead of folds, the values that make up ``val`` and ``test``; the rest trains.
        source: where it was published.
    """

    by: str
    held_out: tuple[tuple[str, ...], ...] | None = None
    splits: dict[Split, tuple[str, ...]] | None = None
    source: str = ""


class ChallengeSpec(Strict):
    """A challenge, as ``configs/challenges/<name>.yaml`` describes it.

    Attributes:
        name: of its file.
        title: in words.
        year: of the challenge.
        topic: what it asks about.
        limits: what can't be learnt from it yet, in words; empty where all of it can.
        unit: what one answer is about.
        task_kind: ``classification`` into labels, or ``regression`` of targets; ``task`` in YAML.
        labels: in class order, spelt as the organisers spell them.
        codes: label by the code that stands for it in the challenge's files; the labels
            themselves always count as codes, too.
        ignored_codes: codes of clips that the challenge leaves out.
        targets: the numbers to predict; a classification may ask for some beside the label.
        sizes: clips expected per split, where known.
        layout: of the folder.
        metric: official, as ``emotiw.evaluation.metrics`` names it.
        metric_note: what that name leaves out.
        submission: the file that the organisers take.
        attempts: how many submissions are allowed, where known.
        folds: published protocols of cross-validation; the first is the default.
        figures: published scores: baselines, winners and other published results.
        downloads: parts of the corpus that may be downloaded, by name.
        ask: where one asks for the corpus, where it isn't downloaded by command.
        sources: of everything above.
    """

    name: str
    title: str
    year: int
    topic: Topic = "emotion"
    limits: str = ""
    unit: Literal["clip", "image", "frame", "segment"]
    task_kind: Literal["classification", "regression"] = Field(alias="task")
    labels: tuple[str, ...] = ()
    codes: dict[str, str] = Field(default_factory=dict)
    ignored_codes: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    sizes: dict[Split, int] = Field(default_factory=dict)
    layout: Layout
    metric: Annotated[str, named_in(METRICS)]
    metric_note: str = ""
    submission: Submission
    attempts: int | None = None
    folds: dict[str, FoldProtocol] = Field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    downloads: dict[PartName, Download] = Field(default_factory=dict)
    ask: str = ""
    sources: tuple[Source, ...]

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        wrong = list(self._misfits())
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _misfits(self) -> Iterator[str]:
        if self.task_kind == "classification" and len(self.labels) < 2:
            yield "a classification needs at least two labels"
        if self.task_kind == "regression" and (self.labels or not self.targets):
            yield "a regression has targets and no labels"
        words = [*self.labels, *(t.name for t in self.targets)]
        for word, count in Counter(map(str.casefold, words)).items():
            if count > 1:
                spelt = " and ".join(dict.fromkeys(w for w in words if w.casefold() == word))
                yield f"{spelt!r} comes {count} times among labels and targets"
        for code, label in self.codes.items():
            if label not in self.labels:
                yield f"code {code!r} means no label: {label!r}{suggest(label, self.labels)}"
        for target in self.targets:
            if not target.minimum < target.maximum:
                yield f"target {target.name!r} has an empty range"

    @property
    def score_names(self) -> tuple[str, ...]:
        """The columns of a score table: labels in class order, and the names of the targets."""
        return self.task.labels

    @property
    def task(self) -> Task:
        """What is asked of a clip, or of every step of it."""
        label = [Classification(self.labels)] if self.labels else []
        answers = (*label, *(target.answer for target in self.targets))
        return answers[0] if len(answers) == 1 else Several(answers)

    @property
    def asks_steps(self) -> bool:
        """Whether it asks for an answer per frame or segment."""
        return self.unit in {"frame", "segment"}

    @property
    def modalities(self) -> tuple[str, ...]:
        """What its clips hold, by their unit and extensions."""
        if self.unit == "image":
            return ("image",)
        extensions = self.layout.options.get("extensions")
        if extensions and all(kind in SOUND for kind in extensions):
            return ("audio",)
        return ("audio", "video")

    @property
    def official_metric(self) -> Metric:
        """The metric that ranks."""
        return metric_named(self.metric, self.task)

    def label_of(self, code: str) -> str | None:
        """Return the label that a code of the challenge's files stands for, or None.

        Examples:
            >>> load_spec("vgaf").label_of("1")
            'Positive'
        """
        if code in self.labels:
            return code
        return self.codes.get(code)

    def with_options(self, options: Mapping[str, Any]) -> ChallengeSpec:
        """Return the spec with these layout options put over its own."""
        merged = {**self.layout.options, **options}
        return self.model_copy(update={"layout": Layout(reader=self.layout.reader, options=merged)})


def spec_names() -> list[str]:
    """Return the names of the challenges that come with the toolkit, sorted."""
    return sorted(path.stem for path in packaged("challenges").glob("*.yaml"))


def load_spec(name_or_path: str | Path) -> ChallengeSpec:
    """Return a challenge by its name, or from a YAML file of one's own.

    A file with ``extends: NAME`` says only what differs from that challenge.

    Raises:
        ConfigError: if there is none, or with everything that is wrong in its file.

    Examples:
        >>> load_spec("afew2017").labels[:3]
        ('Angry', 'Disgust', 'Fear')
        >>> load_spec("ravdes")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        emotiw.core.errors.ConfigError: no challenge 'ravdes'; did you mean 'ravdess'? ...
    """
    document = _document(str(name_or_path), ())
    return validated(ChallengeSpec, document.data, document=document)


def _document(text: str, derived: tuple[str, ...]) -> Document:
    """Return a spec's YAML, put over the one that its ``extends`` names; null takes a key away."""
    if text in derived:
        raise ConfigError(f"challenges extend each other in a circle: {', '.join(derived)}")
    document = read_document(spec_path(text))
    base = document.data.pop("extends", None)
    if base is None:
        return document
    inherited = _document(str(base), (*derived, text)).data
    merged = {**inherited, **document.data}
    document.data = {key: value for key, value in merged.items() if value is not None}
    return document


def spec_path(name_or_path: str | Path) -> Path:
    """Return the YAML file of a challenge.

    Raises:
        ConfigError: if no challenge has that name.
    """
    text = str(name_or_path)
    names = spec_names()
    if text in names:
        return packaged("challenges", f"{text}.yaml")
    if Path(text).suffix in {".yaml", ".yml"}:
        return Path(text)
    hint = _similar(text, names)
    raise ConfigError(f"no challenge {text!r}{hint} (a YAML file, or one of: {', '.join(names)})")


def _similar(text: str, names: Sequence[str]) -> str:
    """Return what a name may have meant: what begins so, is of the same series, or looks alike."""
    series = re.split(r"\d", text.lower())[0]
    for begin in (text.lower(), series if series != text.lower() else ""):
        begun = [name for name in names if len(begin) > 2 and name.startswith(begin)]
        if begun:
            return f"; did you mean {' or '.join(map(repr, begun[:6]))}?"
    return suggest(text, names)
