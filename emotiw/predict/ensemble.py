"""A trained run's whole ensemble on a file that it has never seen."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from emotiw.core.device import placed
from emotiw.core.errors import ConfigError, EmotiwError, MissingStageError
from emotiw.core.face_tracks import FaceTracks
from emotiw.core.feature_table import FeatureArray, FeatureTable
from emotiw.core.joined_features import JoinedTable, parts_of
from emotiw.core.machine_faults import require_machine
from emotiw.core.media.reading_report import notes_of
from emotiw.core.progress import Progress
from emotiw.core.score_table import ScoreTable
from emotiw.models.joint.looking import CAUTION, Looks, shares_of
from emotiw.models.model import Examples, Model
from emotiw.models.registry import MODELS
from emotiw.predict.by_person import counted, in_time, only_person, people
from emotiw.predict.company import Company, Speakers
from emotiw.predict.media_chunks import image_chunks, sound_chunks
from emotiw.predict.prediction_rows import Row, mean_over_time
from emotiw.predict.spoken import Spoken, said_in
from emotiw.predict.step_rows import step_rows, usual_step_sec
from emotiw.predict.windows import Footage, window_spans
from emotiw.runs.recipe import ModelEntry
from emotiw.runs.run import Run
from emotiw.runs.stages.faces import with_its_detector
from emotiw.runs.stages.features import made_extractor, nothing_in
from emotiw.runs.stages.fuse import fused_as_asked
from emotiw.runs.stages.per_clip import why_missing
from emotiw.runs.stages.trained import load_final_model
from features.extractor import ClipSource, Extractor
from features.text.transcript import Transcript
from fusion.late import LateFusion

MOST_PEOPLE = 8
PART_SEC = 10.0
MOST_AT_ONCE_SEC = 60.0  # at least; longer where the clips of the run are
CLIP = "clip"  # no result depends on the name
Said = Mapping[str, Transcript]


@dataclass
class _Source:
    """What one row is computed from: a file, one of its images where that is apart, its faces."""

    media: Path | None
    pictures: Path | None
    faces: FaceTracks | None
    said: Said = field(default_factory=dict)  # by feature of text

    def file_for(self, extractor: Extractor) -> Path | None:
        """Return what the extractor has to read; None where that is missing."""
        if extractor.needs == "text":
            return Path() if extractor.name in self.said else None
        if extractor.needs == "faces":
            return Path() if self.faces is not None else None
        return self.pictures if extractor.needs == "pictures" else self.media


class Ensemble:
    """Features, final models and fusion of a run, as they scored its test clips.

    Everyone together has the scores that the run would give for a test clip; a person's is the
    same with their face as the main one. Models whose scores were imported can't be asked
    anything new, and the fusion goes on without them.

    A file much longer than the clips that the run has learnt from is asked in parts of ten
    seconds, and its scores are their mean over time: five minutes at once are nothing that the
    models have ever seen, and would not fit into memory.

    Models that see the clips of a speaker together are given those of the run and the other files
    of that speaker, where it is said who speaks.

    Args:
        run: the run.
        speakers: who speaks in each file.
        spoken: what is said in each file, for models that read text.

    Raises:
        MissingStageError: if the run has not been trained and fused, or by other settings than its
            recipe has now, or models are gone.
        ConfigError: if none of its models can be asked, or there is no such device here.
        WeightsError: if the detector that its faces were found by is not here.
    """

    def __init__(self, run: Run, speakers: Speakers = (), spoken: Spoken = ()) -> None:
        path = run.fusion_path
        if not path.is_file():
            raise MissingStageError(f"{path} is not there yet: run `emotiw fuse`")
        run = with_its_detector(run)
        fused_as_asked(run).require_current(of_inputs=False)
        self.run = run
        self.task = run.task
        self.face_options = run.recipe.faces
        self.device = run.device
        self.notes: list[str] = []
        self._company = Company(run, speakers)
        self._spoken = spoken
        self._file = Path()  # that is asked for
        self._fusion = LateFusion.from_yaml(path)
        self._models: dict[str, tuple[ModelEntry, Model]] = {}
        self._extractors: dict[str, Extractor] = {}
        for name in self._fusion.names_:
            entry = run.recipe.models.get(name)
            if entry is None:
                raise MissingStageError(
                    f"{path} was fitted with {name!r}, which is missing in the recipe: "
                    "run `emotiw fuse`"
                )
            if not MODELS.resolve(entry.model).is_fitted_here:
                self.notes.append(f"{name}: its scores were imported; left out")
                continue
            made = {each: made_extractor(run.recipe.features[each]) for each in entry.features}
            imported = [each for each, extractor in made.items() if extractor.needs == "table"]
            if len(imported) == len(made):
                self.notes.append(f"{name}: its features were imported; left out")
                continue
            if imported:
                told = ", ".join(imported)
                self.notes.append(f"{name}: asked without {told}, which was imported")
            for each, extractor in made.items():
                if each not in imported:
                    self._extractors[each] = placed(extractor, self.device)
            self._models[name] = (entry, placed(load_final_model(run, entry), self.device))
            if _goes_by_speaker(entry) and not speakers:
                self.notes.append(f"{name}: standardised by all training clips, not by speaker")
            if _standard_of(entry) == "corpus":
                self.notes.append(f"{name}: standardised by all training clips, not by corpus")
        if not self._models:
            raise ConfigError(f"{run.folder}: no model that can be asked: {'; '.join(self.notes)}")
        if any(isinstance(model, Looks) for _, model in self._models.values()):
            self.notes.append(CAUTION)
        self._needs = {extractor.needs for extractor in self._extractors.values()}
        self.needs_faces, self.is_deaf = "faces" in self._needs, self._needs == {"faces"}
        self.most_sec = max(MOST_AT_ONCE_SEC, 2 * _longest_clip_sec(run))
        cohort = run.cohort()
        self._step_sec = usual_step_sec(cohort) if cohort.has_steps else None
        if run.recipe.fusion.prior != "none":
            self.notes.append("the prior of the test clips is not applied")

    def rows(self, file: Footage, progress: Progress) -> tuple[list[Row], list[str]]:
        """Return the rows of the whole file and of every window, and notes."""
        rows, notes = self._rows(file, progress)
        tracks = file.tracks
        return rows if tracks is None else [counted(row, tracks) for row in rows], notes

    def _rows(self, file: Footage, progress: Progress) -> tuple[list[Row], list[str]]:
        notes = dict.fromkeys(self.notes)
        self._file = file.path
        said = said_in(file.path, self._spoken, self._extractors, notes)
        if self._step_sec is not None:
            return self._rows_of_steps(file, said, notes, self._step_sec), list(notes)
        if file.duration_sec <= self.most_sec:
            source = _Source(file.path, file.path, file.tracks, said)
            everyone = Row(None, 0.0, file.duration_sec, True, 0, None)
            whole = self._people_of(source, everyone, notes)
        else:
            parts = window_spans(file.duration_sec, PART_SEC, PART_SEC)
            told: Counter[str] = Counter()
            rows = self._in_windows(replace(file, spans=parts), said, told, progress)
            whole = mean_over_time(rows, file.duration_sec)
            for note, n in told.items():
                notes[note if n == len(parts) else f"{note} (in {n} of {len(parts)} parts)"] = None
            notes[f"long: asked in parts of {PART_SEC:g} s, scores are their mean"] = None
        return [*whole, *self._in_windows(file, said, Counter(), progress)], list(notes)

    def _rows_of_steps(
        self, file: Footage, said: Said, notes: dict[str, None], step_sec: float
    ) -> list[Row]:
        source = _Source(file.path, file.path, file.tracks, said)
        arrays = self._features(source, notes, self._extractors)
        notes[f"an answer every {step_sec:g} s; that of the whole file is their mean"] = None
        return step_rows(
            self._models,
            self._fusion,
            {name: (self._extractors[name].spec, array) for name, array in arrays.items()},
            task=self.task,
            duration_sec=file.duration_sec,
            step_sec=step_sec,
        )

    def _in_windows(
        self, file: Footage, said: Said, told: Counter[str], progress: Progress
    ) -> list[Row]:
        """Return the rows of these windows; the file is read once, and no more kept than one."""
        rows: list[Row] = []
        path, tracks, spans = file.path, file.tracks, file.spans
        if not spans:
            return rows
        nothing, damage = [None] * len(spans), list[str]()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            where = (path, spans, folder, damage)
            heard = sound_chunks(*where) if "media" in self._needs else nothing
            seen = image_chunks(*where) if "pictures" in self._needs else nothing
            chunks = zip(spans, heard, seen, strict=True)
            track = progress.track(chunks, stage="models, window by window", total=len(spans))
            for (start, end), sound, pictures in track:
                faces = None
                if tracks is not None:
                    faces = in_time(tracks, start, end)
                notes: dict[str, None] = {}
                here = {name: one.within(start, end) for name, one in said.items()}
                source = _Source(sound, pictures, faces, here)
                rows += self._people_of(source, Row(None, start, end, False, 0, None), notes)
                told.update(list(notes))
        told |= Counter(dict.fromkeys(damage, len(spans)))
        return rows

    def _people_of(self, source: _Source, everyone: Row, notes: dict[str, None]) -> list[Row]:
        """Return the rows of a window, which has that of everyone yet to be filled in."""
        arrays = self._features(source, notes, self._extractors)
        rows = [self._scored(everyone, source.faces, arrays)]
        who = people(source.faces) if source.faces is not None else []
        if len(who) < 2 and (everyone.is_whole or who in ([], [0])):
            return rows
        if len(who) > MOST_PEOPLE:
            notes[f"{len(who)} people; the first {MOST_PEOPLE} have rows of their own"] = None
        of_faces = {n: e for n, e in self._extractors.items() if e.needs == "faces"}
        for person in who[:MOST_PEOPLE]:
            assert source.faces is not None
            alone = only_person(source.faces, person)
            own = self._features(replace(source, faces=alone), {}, of_faces)
            shared = {n: a for n, a in arrays.items() if n not in of_faces}
            row = replace(everyone, person=person)
            rows.append(self._scored(row, alone, {**shared, **own}))
        return rows

    def _features(
        self, source: _Source, notes: dict[str, None], wanted: Mapping[str, Extractor]
    ) -> dict[str, FeatureArray]:
        arrays = {}
        for name, extractor in wanted.items():
            path = source.file_for(extractor)
            if path is None:
                continue
            try:
                extraction = extractor.extract(
                    ClipSource(CLIP, path, source.faces, source.said.get(name))
                )
                array = extraction.array
                array.check(extractor.spec, CLIP)
                notes |= dict.fromkeys(notes_of(extraction.quality))
            except EmotiwError as error:
                require_machine(error)
                notes[f"{name}: {error}"] = None
                continue
            if array.present.any():
                arrays[name] = array
            else:
                what = nothing_in(extractor)
                notes[f"{name}: {why_missing(what, extraction.quality)}"] = None
        return arrays

    def _scored(
        self, row: Row, faces: FaceTracks | None, arrays: Mapping[str, FeatureArray]
    ) -> Row:
        tables, looked = {}, {}
        for name, (entry, model) in self._models.items():
            if not any(feature in arrays for feature in entry.features):
                continue
            table = self._table(entry, model, arrays)
            clips = (CLIP, *(clip_id for clip_id in table.clip_ids if clip_id != CLIP))
            examples = Examples(table, clips, (CLIP,) * len(clips))
            if (shares := shares_of(model, examples)) is not None:
                looked[name] = dict(zip(entry.features, shares, strict=True))
            tables[name] = ScoreTable(
                name=name,
                task=self.task,
                clip_ids=(CLIP,),
                scores=model.predict(examples)[:1],
                split=("test",),
                fold=(None,),
            )
        scores = None
        if tables:
            fused = self._fusion.predict_proba(tables).to_numpy()[0]
            scores = None if np.isnan(fused).any() else tuple(fused.tolist())
        by_model = {name: tuple(table.scores[0].tolist()) for name, table in tables.items()}
        n_faces = 0 if faces is None else len(faces)
        return replace(row, n_faces=n_faces, scores=scores, by_model=by_model, attention=looked)

    def _table(
        self, entry: ModelEntry, model: Model, arrays: Mapping[str, FeatureArray]
    ) -> FeatureTable:
        """Return what a model is shown: the clip, and those that it is standardised with."""
        tables = []
        for feature, spec in zip(entry.features, parts_of(model.spec), strict=True):
            clips = {CLIP: arrays[feature]} if feature in arrays else {}
            if _goes_by_speaker(entry):
                clips |= self._company.of(self._file, feature, self._extractors[feature])
            tables.append(FeatureTable(spec, clips))
        return tables[0] if len(tables) == 1 else JoinedTable(tables)


def _goes_by_speaker(entry: ModelEntry) -> bool:
    return _standard_of(entry) == "speaker"


def _standard_of(entry: ModelEntry) -> str:
    preparation = getattr(entry.options, "preparation", None)
    return str(getattr(preparation, "standardise", ""))


def _longest_clip_sec(run: Run) -> float:
    """Return the length of the longest clip of a run, as far as its ledger knows."""
    known = (row.quality.get("duration_sec", 0) for row in run.ledger().rows("faces"))
    return max((float(value) for value in known), default=0.0)
