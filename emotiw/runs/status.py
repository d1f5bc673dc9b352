"""What a run has: every stage, whether it is up to date, and what was changed by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from emotiw.runs.cohort_digests import digests_of
from emotiw.runs.lock import holder_of, is_held
from emotiw.runs.pipeline import needs_faces
from emotiw.runs.run import Run
from emotiw.runs.stage import Stage
from emotiw.runs.stage_status import CURRENT, MISSING, STALE, RunStatus, StageStatus
from emotiw.runs.stages.faces import faces_stage
from emotiw.runs.stages.features import feature_stage, made_extractor
from emotiw.runs.stages.fuse import fused_as_asked
from emotiw.runs.stages.index import STAGE as INDEX
from emotiw.runs.stages.index import index_stage
from emotiw.runs.stages.judge import judge_stage
from emotiw.runs.stages.submit import submit_stage
from emotiw.runs.stages.train import train_stage


def status_of(run: Run) -> RunStatus:
    """Return what is there, what is out of date, and what was changed by hand; nothing is made."""
    found: list[StageStatus] = []
    for name, make in _stages(run):
        if name != INDEX and not run.manifest_path.is_file():
            found.append(StageStatus(name, MISSING))
            continue
        stage = make()
        stale = {each.name for each in found if each.state != CURRENT}
        reasons = [*stage.differences(), *(f"{name} is missing" for name in stage.missing)]
        reasons += [f"{each.name} comes first" for each in stage.after if each.name in stale]
        state = MISSING if stage.record is None else STALE if reasons else CURRENT
        counts = stage.record.counts if stage.record else {}
        found.append(StageStatus(name, state, reasons, stage.edits, counts))
    home = run.records.home
    return RunStatus(str(run.folder), found, holder_of(home) if is_held(home) else "")


def _stages(run: Run) -> Iterator[tuple[str, Callable[[], Stage]]]:
    """Yield the stages of the recipe in their order, each with what says how it would be made."""
    recipe = run.recipe
    yield INDEX, partial(index_stage, run)
    if needs_faces(run):
        yield "faces", partial(faces_stage, run)
    for entry in recipe.features.values():
        if made_extractor(entry).needs != "table":
            yield f"features:{entry.name}", partial(feature_stage, run, entry)
    if not recipe.models:
        return
    for model in recipe.models.values():
        yield f"train:{model.name}", partial(train_stage, run, model)
    yield "fuse", partial(fused_as_asked, run)
    yield "judge", lambda: judge_stage(fused_as_asked(run))
    if not run.manifest_path.is_file() or digests_of(run)["splits"].get("test"):
        yield "submit", partial(submit_stage, run)
