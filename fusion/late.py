"""One object that calibrates and fuses, with scikit-learn's manners and a readable file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import yaml
from pydantic import ValidationError
from sklearn.base import BaseEstimator, clone

from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, TableError, suggest
from emotiw.core.files import atomic_write
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Several
from emotiw.core.task_kinds import task_of, told_of
from emotiw.core.yaml_text import load
from fusion.aligned import AlignedScores, Scores, align
from fusion.calibration import Calibration
from fusion.combiner import Setting
from fusion.combiners import combiner_for
from fusion.cross_fit_folds import deal_groups
from fusion.fusion_options import FusionOptions
from fusion.held_out import cross_fitted_scores
from fusion.per_answer import Calibrating
from fusion.post.post_processing import PostProcessing
from fusion.single_answers import within_ranges
from fusion.traces import Traces
from fusion.training_rows import TrainingRows, training_rows

FORMAT = 1
INNER_FOLDS = 4
TRUSTED = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)


class LateFusion(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Calibrates each modality, then fuses; fitted only on scores of clips unseen by their models.

    Everything is joined by clip id. Nothing depends on the order of tables or rows, or on the
    names of clips. A clip without some modality is fused from the others; one without any has
    NaN.

    Args:
        method: as in :class:`~fusion.fusion_options.FusionOptions`, like all but the seed.
        seed: of everything random.

    Attributes:
        names_: the modalities, sorted.
        task_: what is asked; its labels are the columns of the fused scores.
        calibrations_: by modality.
        combiner_: what fuses the calibrated scores.
        post_: what is done to the fused scores at last.
        seen_groups_: the groups of the clips it was fitted on.

    Examples:
        >>> scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
        >>> from emotiw.core.clip import Clip
        >>> from emotiw.core.task import Classification
        >>> task = Classification(("Happy", "Sad"))
        >>> voice = ScoreTable("voice", task, ("a", "b", "c", "d"), scores,
        ...                    split=("val",) * 4, fold=(None,) * 4,
        ...                    seen_groups={None: frozenset({"speaker 9"})})
        >>> clips = [Clip(c, Path(c), "val", label=label, group=group) for c, label, group in
        ...          zip("abcd", ("Happy", "Sad") * 2, ("1", "1", "2", "2"), strict=True)]
        >>> fusion = LateFusion(method="mean", calibration="none")
        >>> fusion.fit({"voice": voice}, Cohort(clips)).predict({"voice": voice})["d"]
        'Sad'
    """

    def __init__(
        self,
        *,
        method: str = "weighted",
        pool: str = "geometric",
        calibration: str = "temperature",
        weights: Mapping[str, float] | None = None,
        metric: str = "accuracy",
        candidates: tuple[str, ...] = ("weighted", "mean", "logistic"),
        target_range: tuple[float, float] | None = None,
        post: tuple[str | Mapping[str, Any], ...] = (),
        post_metric: str = "",
        seed: int = 0,
    ) -> None:
        self.method = method
        self.pool = pool
        self.calibration = calibration
        self.weights = weights
        self.metric = metric
        self.candidates = candidates
        self.target_range = target_range
        self.post = post
        self.post_metric = post_metric
        self.seed = seed

    @classmethod
    def from_options(cls, options: FusionOptions, *, seed: int = 0) -> LateFusion:
        """Return an unfitted fusion with what the options say about it."""
        names = set(cls().get_params()) - {"seed"}
        return cls(**{name: getattr(options, name) for name in names}, seed=seed)

    def fit(self, tables: Mapping[str, ScoreTable], cohort: Cohort) -> Self:
        """Learn calibration and weights from training and validation clips.

        Args:
            tables: scores by modality.
            cohort: the clips with their labels or targets and groups; test clips are never
                looked at.

        Raises:
            LeakageError: naming every row whose model has seen its clip's group, or might have.
            TableError: if tables and cohort don't fit together.
            ConfigError: if an option makes no sense.
        """
        return self.fit_rows(training_rows(tables, align(tables), cohort))

    def fit_rows(self, rows: TrainingRows) -> Self:
        """Learn from rows that :func:`~fusion.training_rows.training_rows` has let through."""
        self._check_options()
        if self.target_range is not None and isinstance(rows.task, Several):
            raise ConfigError("fusion options: target_range: each of several answers has its own")
        self.names_ = rows.names
        self.task_ = rows.task
        self.seen_groups_ = rows.seen
        calibrating = self._calibrating()
        self.calibrations_: dict[str, Calibration] = {}
        for position, name in enumerate(rows.names):
            there = ~np.isnan(rows.scores[:, position, 0])
            scores = rows.scores[there, position]
            self.calibrations_[name] = calibrating.fit(scores, rows.targets[there])
        combiner = combiner_for(self._setting())
        calibrated = self.calibrated(rows.scores)
        self.combiner_ = combiner.fit(replace(rows, scores=calibrated))
        self.post_ = self._post_processing()
        if self.post and len(np.unique(rows.units)) > 1:
            folds = deal_groups(rows.units, INNER_FOLDS, rows.classes)
            before: Any = clone(self).set_params(post=())
            self.post_.fit(rows, cross_fitted_scores(rows, folds, before), folds)
        return self

    def calibrated(self, scores: Scores) -> Scores:
        """Return ``(n, n_modalities, n_labels)`` scores, each modality calibrated."""
        calibrated = np.full_like(scores, np.nan)
        for position, name in enumerate(self.names_):
            there = ~np.isnan(scores[:, position, 0])
            calibrated[there, position] = self.calibrations_[name].apply(scores[there, position])
        return calibrated

    def fused(self, calibrated: Scores) -> Scores:
        """Return ``(n, n_labels)`` fused scores of calibrated ones."""
        return within_ranges(self.combiner_.combine(calibrated), self.task_, self.target_range)

    def finished(self, fused: Scores, traces: Traces) -> Scores:
        """Return ``(n, n_labels)`` fused scores after post-processing, whole clips at a time."""
        return self.post_.apply(fused, traces)

    def predict_proba(self, tables: Mapping[str, ScoreTable]) -> pd.DataFrame:
        """Return one row of fused scores per clip that any modality knows.

        In regression the one column is the target.

        Args:
            tables: scores by modality; a modality of the fit may be missing.

        Returns:
            A frame indexed by ``clip_id``, sorted, with one column per label; NaN where no
            modality has scores.

        Raises:
            TableError: if a modality was not there in the fit, or labels differ.
        """
        aligned, own = self.align(tables), self.task_
        if (aligned.task.labels, aligned.task.kind) != (own.labels, own.kind):
            raise TableError(
                f"fusion was fitted on {own.kind} with {own.labels}, "
                f"got {aligned.task.kind} with {aligned.task.labels}"
            )
        fused = self.finished(self.fused(self.calibrated(aligned.scores)), aligned.traces)
        index = pd.Index(aligned.clip_ids, name="clip_id")
        return pd.DataFrame(fused, index=index, columns=list(own.labels))

    def predict(self, tables: Mapping[str, ScoreTable]) -> pd.Series[Any]:
        """Return the most probable label, or the target, by clip id; clips without scores lack."""
        fused = self.predict_proba(tables).dropna()
        decided = self.task_.decide(fused.to_numpy())
        return pd.Series([self.task_.name_of(each) for each in decided], index=fused.index)

    def align(self, tables: Mapping[str, ScoreTable]) -> AlignedScores:
        """Put tables side by side as in the fit.

        Raises:
            TableError: if a modality was not there in the fit.
        """
        self._check_fitted()
        for name in tables:
            if name not in self.names_:
                hint = suggest(name, self.names_)
                raise TableError(f"fusion was not fitted with modality {name!r}{hint}")
        return align(tables, self.names_)

    def to_yaml(self, path: Path) -> None:
        """Write everything that was learnt as YAML that a person can read.

        Estimators of scikit-learn go beside it, into a skops file of the same name.
        """
        for name, data in self.to_files(path.stem).items():
            atomic_write(path.parent / name, data)

    def to_files(self, name: str) -> dict[str, bytes]:
        """Return the files that :meth:`to_yaml` writes, ``<name>.yaml`` last."""
        self._check_fitted()
        learnt = dict(self.combiner_.to_dict())
        estimators = learnt.pop("estimators", None)
        files: dict[str, bytes] = {}
        if estimators is not None:
            import skops.io

            learnt["estimators"] = f"{name}.skops"
            files[learnt["estimators"]] = skops.io.dumps(estimators)
        options = {key: _plain(value) for key, value in self.get_params().items()}
        if not self.post:
            del options["post"], options["post_metric"]
        state = {
            "format": FORMAT,
            "options": options,
            **told_of(self.task_),
            "modalities": list(self.names_),
            "calibration": {name: self.calibrations_[name].to_dict() for name in self.names_},
            "fusion": learnt,
            **self._told_of_post(),
            "fitted_on_groups": sorted(self.seen_groups_),
        }
        text = yaml.safe_dump(state, sort_keys=False, allow_unicode=True)
        return {**files, f"{name}.yaml": text.encode()}

    @classmethod
    def from_yaml(cls, path: Path) -> LateFusion:
        """Return the fitted fusion that :meth:`to_yaml` wrote.

        Raises:
            TableError: if the file is missing or not such a file.
        """
        try:
            state = load(path.read_text(encoding="utf-8"))
            if state["format"] != FORMAT:
                raise TableError(f"{path}: format {state['format']!r}, expected {FORMAT}")
            options = state["options"]
            for name in ("candidates", "target_range", "post"):
                options[name] = options.get(name) and tuple(options[name])
            options["post"] = options["post"] or ()
            fusion = cls(**options)
            fusion.names_ = tuple(state["modalities"])
            fusion.task_ = task_of(state)
            fusion.seen_groups_ = frozenset(state["fitted_on_groups"])
            calibrating = fusion._calibrating()
            fusion.calibrations_ = {
                name: calibrating.from_dict(parameters)
                for name, parameters in state["calibration"].items()
            }
            learnt = state["fusion"]
            if "estimators" in learnt:
                learnt["estimators"] = _load_estimators(path.parent / learnt["estimators"])
            fusion.combiner_ = combiner_for(fusion._setting()).load_dict(learnt)
            fusion.post_ = fusion._post_processing().load_dict(state.get("post", ()))
        except OSError as error:
            raise TableError(f"{path}: can't be read: {error}") from error
        except (yaml.YAMLError, KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
            raise TableError(f"{path}: not a fusion written by to_yaml ({error})") from error
        return fusion

    def _calibrating(self) -> Calibrating:
        return Calibrating(self.task_, self.calibration)

    def _post_processing(self) -> PostProcessing:
        task = self.task_
        if self.target_range is not None:
            task = replace(task, target_range=self.target_range)
        return PostProcessing(self.post, task, self.post_metric)

    def _told_of_post(self) -> dict[str, Any]:
        if not self.post:
            return {}
        limits = self.task_.target_range  # post-processing holds numbers within it
        told = {} if limits is None else {"target_range": list(limits)}
        return {**told, "post": self.post_.to_dict()}

    def _setting(self) -> Setting:
        told = {field.name for field in fields(Setting)}
        options = {name: value for name, value in self.get_params().items() if name in told}
        return Setting(names=self.names_, task=self.task_, **options)

    def _check_options(self) -> None:
        params = {name: value for name, value in self.get_params().items() if name != "seed"}
        try:
            FusionOptions(**params)
        except ValidationError as error:
            lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
            raise ConfigError("fusion options: " + "; ".join(lines)) from error

    def _check_fitted(self) -> None:
        if not hasattr(self, "combiner_"):
            raise TableError("this fusion has not been fitted; call fit first")


def _load_estimators(path: Path) -> Any:
    """Return the estimators of a skops file; only types of scikit-learn that stackers use."""
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops.io.load(path, trusted=list(TRUSTED))
    except (UntrustedTypesFoundException, zipfile.BadZipFile) as error:
        raise TableError(f"{path}: not the estimators of a fusion ({error})") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): float(number) for key, number in value.items()}
    return [_plain_part(each) for each in value] if isinstance(value, tuple) else value


def _plain_part(value: Any) -> Any:
    """Return a part with its options as YAML knows them."""
    if not isinstance(value, Mapping):
        return value
    return {k: list(v) if isinstance(v, tuple) else v for k, v in value.items()}
