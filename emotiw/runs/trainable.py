"""Whether models can be trained at all: asked of the manifest, before hours of features."""

from __future__ import annotations

from emotiw.core.clip import told_of_splits
from emotiw.core.errors import ConfigError
from emotiw.models.registry import MODELS
from emotiw.runs.cohort_digests import digests_of
from emotiw.runs.run import Run


def require_trainable(run: Run) -> None:
    """Refuse clips that none of the recipe's models can learn from, and say the way out.

    Models that have been trained on these very clips and folds are not asked again.

    Raises:
        ConfigError: if there are no training clips with an answer, only one label, or fewer groups
            than folds.
        LeakageError: if published folds tear a group apart.
    """
    recipe = run.recipe
    names = [
        name for name, entry in recipe.models.items() if MODELS.resolve(entry.model).is_fitted_here
    ]
    if not names or all(_is_trained(run, name) for name in names):
        return
    cohort = run.cohort()
    answers = {clip.truth for clip in cohort.training}
    if not answers:
        raise ConfigError(
            f"{run.manifest_path}: nothing to train on: no training clip has a "
            f"{'label' if run.task.is_label else 'target'} ({told_of_splits(cohort.counts)}): "
            "name folders after labels, put a table of labels beside the clips (`emotiw start "
            "FOLDER` tells what is understood), or take the models out of the recipe"
        )
    if run.task.is_label and len(answers) < 2:
        raise ConfigError(
            f"{run.manifest_path}: all {len(cohort.training)} training clips are labelled "
            f"{next(iter(answers))!r}: a model needs two labels to tell apart"
        )
    if recipe.settings.folds.groups == "told":  # estimated ones are not known before the features
        _ = cohort.folds


def _is_trained(run: Run, name: str) -> bool:
    record = run.records.get(f"train:{name}")
    if record is None or record.inputs.get("cohort") != digests_of(run)["cohort"]:
        return False
    folds = {f"folds.{k}": v for k, v in run.recipe.settings.folds.model_dump(mode="json").items()}
    return all(record.settings.get(key) == value for key, value in folds.items())
