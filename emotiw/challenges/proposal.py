"""What a folder of clips seems to be: read by content, and told with all that is doubtful in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from emotiw.challenges.answers_found import Answers, answers_of
from emotiw.challenges.doubtful_words import doubts_of_labels, doubts_of_speakers
from emotiw.challenges.feature_files import feature_files
from emotiw.challenges.folder_words import split_folders
from emotiw.challenges.known_layouts import fitting_folders, fitting_names
from emotiw.challenges.manifest_builder import media_files
from emotiw.challenges.reading import read_challenge
from emotiw.challenges.speaker_patterns import speaker_patterns
from emotiw.challenges.spec import ChallengeSpec, load_spec
from emotiw.challenges.start_choices import Choices, Question
from emotiw.core.clip import told_of_splits
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, ManifestError
from emotiw.core.files import shown_in_full
from emotiw.core.media.file_kinds import MEDIA, kind_of

UNKNOWN = "unknown"


@dataclass
class Proposal:
    """What a folder seems to be.

    Attributes:
        root: the folder.
        challenge: that its clips are of, by name; empty where it is none that is known.
        spec: of a challenge of its own, as YAML has it.
        kinds: the number of clips by kind: ``video``, ``sound``, ``image``.
        features: unit of files of features, by name, where there are no media.
        told: what was understood, in words.
        doubts: what may be wrong, or was not understood, with what would mend it.
        warnings: what reading it warns of, and ``index`` will again.
        questions: what only a person can say.
        cohort: the clips as they would be read.
    """

    root: Path
    challenge: str = ""
    spec: dict[str, Any] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    features: Mapping[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    cohort: Cohort | None = None

    @property
    def slug(self) -> str:
        """A name for files, from that of the folder."""
        name = re.sub(r"[^a-z0-9]+", "_", self.root.resolve().name.lower()).strip("_")
        return name or "clips"


def look(root: Path, choices: Choices | None = None) -> Proposal:
    """Return what a folder of clips, or of tables and features, seems to be.

    Args:
        root: the folder.
        choices: what a person has said of it.

    Raises:
        ManifestError: if there is nothing in it, or it contradicts itself.
        ConfigError: if a choice names what isn't there.
    """
    choices = choices or Choices()
    if not root.is_dir():
        raise ManifestError(f"no folder {shown_in_full(root)}")
    paths = media_files(root, MEDIA)
    found = Proposal(root)
    found.kinds.update(kind_of(path) or "unreadable" for path in paths)
    if paths and set(found.kinds) == {"unreadable"}:
        raise ManifestError(f"{root}: none of {len(paths)} files begins like media, whatever named")
    _tell_kinds(found)
    names = [path.relative_to(root).with_suffix("").as_posix() for path in paths]
    found.challenge = _known_challenge(found, names, choices)
    if found.challenge and not found.questions:
        found.told.append(f"challenge: {found.challenge}, by the names of all {len(paths)} files")
        _read(found, load_spec(found.challenge))
        return found
    answers = answers_of(root, paths, choices)
    found.told += answers.told
    found.doubts += answers.doubts
    found.questions += answers.questions
    if found.questions:
        return found
    if choices.challenge is None and (like := fitting_folders(root)):
        told = f"the folders might be those of {', '.join(like)}: --challenge NAME if they are"
        found.doubts.append(told)
    options = dict(answers.options)
    if not paths:
        found.features = feature_files(root, answers.ids)
        if not found.features:
            raise ManifestError(
                f"{root.absolute()}: no videos, photographs or recordings, and no features "
                "(.npz, .csv, .parquet with clip_id) of the clips of a table"
            )
        told = ", ".join(f"{name} (a row per {unit})" for name, unit in found.features.items())
        found.told.append(f"features instead of media: {told}")
        options["media"] = False
    if not answers.are_known and not options:
        found.challenge = "folder"
        found.doubts.append("no labels are found: nothing is learnt, features alone are measured")
        _read(found, load_spec("folder"))
        return found
    pattern = _speakers(found, names or list(answers.ids), answers, choices)
    if pattern:
        options["group_pattern"] = pattern
    if found.questions:
        return found
    stems = Counter(path.stem for path in paths)
    if max(stems.values(), default=0) > 1 and "table" not in options:
        options["same_id"] = "qualify"
    found.spec = _spec(found, answers, options)
    _read(found, ChallengeSpec.model_validate(found.spec))
    return found


def _tell_kinds(found: Proposal) -> None:
    names = {"video": "videos", "sound": "recordings", "image": "photographs"}
    kinds = {kind: n for kind, n in found.kinds.most_common() if kind in names}
    if kinds:
        found.told.append(", ".join(f"{n} {names[kind]}" for kind, n in kinds.items()))
    if found.kinds["unreadable"]:
        found.doubts.append(
            f"{found.kinds['unreadable']} files are named like media, and begin like nothing known"
        )
    if len(kinds) > 1:
        found.doubts.append(
            "several kinds of media: features are measured in each that can be, and clips without "
            "one of them are missing there"
        )


def _known_challenge(found: Proposal, names: list[str], choices: Choices) -> str:
    """Return the challenge whose names the files have; a question where there are several."""
    if choices.challenge is not None:
        return "" if choices.challenge == "none" else load_spec(choices.challenge).name
    counts = fitting_names(names)
    fitting = [name for name, n_fitting in counts.items() if n_fitting == len(names)]
    for name, n_fitting in counts.items():
        if len(names) / 2 < n_fitting < len(names):
            found.doubts.append(
                f"{n_fitting} of {len(names)} files are named as in {load_spec(name).title}; if "
                f"all should be: --challenge {name}"
            )
    if len(fitting) > 1:
        options = {name: load_spec(name).title for name in fitting}
        text = "the names fit several challenges: which is it?"
        found.questions.append(Question("challenge", text, {**options, "none": "none of these"}))
    return fitting[0] if fitting else ""


def _speakers(found: Proposal, names: list[str], answers: Answers, choices: Choices) -> str:
    """Return the pattern of speakers to take, if any."""
    if answers.has_groups or not answers.are_known:
        return ""
    if choices.speakers == UNKNOWN:
        found.doubts.append("speakers: unknown, as you say; figures may be far too high")
        return ""
    if choices.speakers is not None:
        try:
            n_fitting = sum(bool(re.search(choices.speakers, name)) for name in names)
        except re.error as error:
            raise ConfigError(f"speakers: {choices.speakers!r} is no pattern: {error}") from error
        if not n_fitting:
            raise ConfigError(f"speakers: the pattern {choices.speakers!r} fits no clip")
        found.told.append(f"speakers: {choices.speakers}: {n_fitting} of {len(names)} clips")
        return choices.speakers
    means = {*answers.words, *split_folders(_parts(names))[0]}
    patterns = speaker_patterns(names, {word.lower() for word in means})
    if patterns and patterns[0].is_named and patterns[0].n_clips >= len(names) / 2:
        best = patterns[0]
        found.told.append(f"speakers: {best.pattern}: {best.told(len(names))}")
        return best.pattern
    options = {one.pattern: one.told(len(names)) for one in patterns[:5]}
    if not options:
        found.doubts.append(
            "speakers: unknown; one voice or face in training and test makes figures far too "
            "high: a column `speaker`, or --speakers PATTERN"
        )
        return ""
    found.questions.append(
        Question(
            "speakers",
            "who speaks in a clip may stand in its name: which of these finds the speaker?",
            {UNKNOWN: "none: speakers are unknown", **options},
            default=UNKNOWN,
        )
    )
    return ""


def _parts(names: list[str]) -> set[str]:
    return {part for name in names for part in name.split("/")[:-1]}


def _spec(found: Proposal, answers: Answers, options: Mapping[str, Any]) -> dict[str, Any]:
    is_stills = set(found.kinds) <= {"image"} and bool(found.kinds)
    about: dict[str, Any] = {
        "name": found.slug,
        "title": f"Clips of {found.root.resolve().name}",
        "year": date.today().year,
        "unit": "image" if is_stills else "clip",
    }
    answer: dict[str, Any]
    if answers.target:
        low, high = answers.limits
        about |= {
            "task": "regression",
            "targets": [{"name": answers.target, "minimum": low, "maximum": high}],
            "metric": "ccc",
        }
        answer = {"name": answers.target, "holds": "target"}
    else:
        labels = answers.labels or load_spec("folder").labels
        about |= {"task": "classification", "labels": list(labels), "metric": "uar"}
        answer = {"name": "label", "holds": "label"}
    return {
        **about,
        "layout": {"reader": "folder", "options": dict(options)},
        "submission": {"format": "table", "columns": [{"name": "clip_id", "holds": "id"}, answer]},
        "sources": [{"says": "everything", "where": "the folder itself", "certainty": "assumed"}],
    }


def _read(found: Proposal, spec: ChallengeSpec) -> None:
    """Read the folder as it would be, and tell what comes of it."""
    cohort, warnings, refused = read_challenge(spec, found.root)
    found.cohort = cohort
    found.warnings += warnings
    found.doubts += [f"{each.name}: {each.reason}" for each in refused[:3]]
    counts = cohort.counts
    found.told.append(f"splits: {told_of_splits(counts)}")
    key = cohort.answer_key()
    if spec.task.is_label:
        shares = Counter(map(str, key.values()))
        listed = ", ".join(f"{label} {shares[label]}" for label in spec.labels)
        found.told.append(f"labels: {listed}" if key else "labels: none; all is to be predicted")
        found.doubts += doubts_of_labels(shares)
    groups = {clip.group for clip in cohort if clip.group is not None}
    if groups:
        n_groups = f"{len(groups)} speakers or other groups" if len(groups) > 1 else "one speaker"
        found.told.append(n_groups)
        if n_unknown := sum(clip.group is None for clip in cohort):
            found.doubts.append(f"the speakers of {n_unknown} of {len(cohort)} clips are unknown")
        found.doubts += doubts_of_speakers(groups)
    if len({cohort.groups[clip.clip_id] for clip in cohort.training}) == 1 and not counts["val"]:
        found.doubts.append(
            "all training clips are of one speaker, and none can be held out: nothing is learnt"
        )
