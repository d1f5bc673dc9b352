"""The keys of a recipe file and their defaults; what parts may be set stands with the parts."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.device import AUTO, Device
from emotiw.core.files import listing_of
from emotiw.core.folds import Scheme
from emotiw.runs.ablation_settings import AblationSettings


class DataSettings(Strict):
    """Where the clips are.

    Attributes:
        root: the challenge's folder; a relative path starts at the recipe, or where nothing is
            there, and in ``--set``, where the command is run.
        options: over the layout options of the challenge's spec.
        damaged: what becomes of a clip that could be read in part only. ``use``: what was read of
            it counts, with what is known to be damaged masked. ``mask``: it has no faces, or no
            sound, as if there were none in it. ``drop``: that for training clips alone; what has to
            be predicted is, as well as it can be.
        clips: a table of clips instead of the challenge's own files: ``clip_id``, ``label`` or
            ``target``, ``split``, ``group``, ``fold``. No media are needed then: features and
            scores come from elsewhere. Relative to ``root``.
        unlabelled: a folder of further media, to learn from without labels; or several by the
            corpus that they are of, ``{ravdess: more}``. Relative to ``root``.
    """

    root: Path
    clips: Path | None = None
    unlabelled: Path | dict[str, Path] | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    damaged: Literal["use", "mask", "drop"] = "use"

    @property
    def unlabelled_folders(self) -> dict[str, Path]:
        """The folders of unlabelled media by corpus, where they are; none where none is named."""
        told = self.unlabelled or {}
        folders = told if isinstance(told, dict) else {"": told}
        return {corpus: self.root / folder for corpus, folder in folders.items()}

    def listing(self, *, without: Collection[Path]) -> str:
        """Return a hash of the names, sizes and times of all files that clips may come from."""
        folders = [self.root, *self.unlabelled_folders.values()]
        return "".join(listing_of(folder, without=without) for folder in folders)


class PathSettings(Strict):
    """Where the results go, and where the modules are that a recipe's own classes come from.

    Attributes:
        runs: a folder of runs; this one gets ``<runs>/<recipe name>``. Relative paths of what is
            written start where the command is run.
        store: artifacts shared by all runs; ``<runs>/store`` by default.
        modules: the folder of modules of your own, for parts named ``module:Class``; that of the
            recipe by default. A relative path starts as that of ``data.root`` does.
    """

    runs: Path = Path("runs")
    store: Path | None = None
    modules: Path | None = None


class ExecutionSettings(Strict):
    """How the work is done; nothing here changes a result.

    Attributes:
        workers: processes; 0 for one per core, but four at most where they share a GPU.
        device: where networks compute: ``auto`` (a GPU where torch sees one, else the CPU),
            ``cpu``, ``cuda``, or one GPU of several, ``cuda:1``.
        dask: address of a Dask scheduler that is already running, instead of processes here.
            ``device`` then means that of each worker.
        dask_resources: what work with networks needs of a worker, ``{GPU: 1}``, where workers are
            started with ``--resources GPU=1``.
        seconds_per_clip: time for the faces, or the features, of one clip; a clip that takes
            longer has failed, and the run goes on. None for no limit. Of a cluster, the time for
            which nothing may come back.
        memory_per_clip_gb: memory of a process while it works on a clip, libraries included; on a
            cluster, its own limits hold. With one worker and neither limit, all is done in the
            process of the run itself; and a clip that is the only one of its run has no limits.
        max_alike_failures: so many clips in a row, failed for one reason that nobody foresaw, are
            no accident, and the stage stops. None to go on.
    """

    workers: int = Field(default=0, ge=0)
    device: Device = AUTO
    dask: str | None = None
    dask_resources: dict[str, float] = Field(default_factory=dict)
    seconds_per_clip: float | None = Field(default=3600.0, gt=0)
    memory_per_clip_gb: float | None = Field(default=8.0, gt=0)
    max_alike_failures: int | None = Field(default=5, ge=2)


class FoldSettings(Strict):
    """Cross-validation over groups.

    Attributes:
        scheme: ``auto`` takes the folds of the manifest where it has any, else ``grouped``.
        n_folds: for ``grouped``; 0 for no cross-validation at all (fusion is then fitted on the
            validation split alone).
        groups: ``told`` takes those of the manifest. ``estimated`` gives clips of unknown group a
            probable speaker (``speakers.csv``), by how alike their voices or faces are.
        by: the features that tell; all of sound by default.
    """

    scheme: Scheme = "auto"
    n_folds: int = Field(default=5, ge=0)
    groups: Literal["told", "estimated"] = "told"
    by: tuple[str, ...] = ()


class SubmissionSettings(Strict):
    """What is handed in.

    Attributes:
        team: names the zip.
        run: number of the attempt.
        fallback: answer for test clips that no modality could score, several with commas between
            (``neutral, 0``); none by default, and then such a clip is an error. Of answers step by
            step, a clip that has some scores is filled in over time.
    """

    team: str = "team"
    run: int = Field(default=1, ge=1)
    fallback: str | None = None


class RecipeSettings(Strict):
    """The keys of a recipe file.

    Attributes:
        challenge: a known challenge or corpus, ``folder`` for clips of your own, or a YAML file.
        data: where the clips are.
        name: of the run's folder; that of the file by default.
        seed: of everything that is drawn by chance.
        paths: where results go.
        execution: how the work is done; nothing in it changes a result.
        faces: how faces are found and cut out.
        features: by a name of yours: ``extractor``, and its options.
        models: by a name of yours: ``model``, the ``features`` that it reads, and its options. A
            list of features (``[face, voice]``) is for models that join several: ``early``,
            ``gated``, ``low_rank``, ``cross_attention``, ``joint_attention``. ``unlabelled``: the
            splits that it learns from without labels, those of ``unlabelled`` where it can,
            ``test`` only where it is said.
        folds: cross-validation over groups.
        fusion: how the models' scores become one.
        submission: what is handed in.
        ablation: what ``emotiw ablate`` varies.
    """

    challenge: str
    data: DataSettings
    name: str | None = None
    seed: int = Field(0, ge=0, lt=2**32)  # what NumPy and scikit-learn take
    paths: PathSettings = PathSettings()
    execution: ExecutionSettings = ExecutionSettings()
    faces: dict[str, Any] = Field(default_factory=dict)
    features: dict[str, dict[str, Any]] = Field(default_factory=dict)
    models: dict[str, dict[str, Any]] = Field(default_factory=dict)
    folds: FoldSettings = FoldSettings()
    fusion: dict[str, Any] = Field(default_factory=dict)
    submission: SubmissionSettings = SubmissionSettings()
    ablation: AblationSettings = AblationSettings()
