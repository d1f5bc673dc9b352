"""A fusion's result as text for a person."""

from __future__ import annotations

from typing import Any

from emotiw.core.metrics import METRICS
from fusion.result import HEADLINE, FusionResult


def summary_of(result: FusionResult) -> str:
    """Return folds, figures with intervals, optimism, calibration and comparisons as text."""
    rows = result.rows
    lines = [
        f"fused {len(rows.names)} modalities by {result.fuser.method!r}: {', '.join(rows.names)}",
        f"cross-fitted on {result.n_clips} clips of {result.n_groups} groups in "
        f"{len(result.folds)} folds ({', '.join(map(str, result.folds.values()))} clips)",
        "nested: no model behind a fold's fusion has seen groups held out in it"
        if result.is_nested
        else "not nested: some models behind the scores have seen groups that a fold of the "
        "fusion holds out, so its figures may be slightly too good",
        "",
    ]
    for name, value in result.cross_fitted.items():
        low, high = result.interval(name)
        text = f"{name}: {_shown(name, value)} (95 % interval over groups {_shown(name, low)} "
        text += f"to {_shown(name, high)}; in-sample {_shown(name, result.in_sample[name])}, "
        lines.append(text + f"optimism {_shown(name, result.optimism[name])})")
    headline = HEADLINE[rows.task]
    lines += ["", f"{headline} on the same clips:"]
    for other in result.comparisons:
        text = f"  fused {_shown(headline, other.fused)}, {other.other} "
        text += f"{_shown(headline, other.theirs)} ({other.n_clips} clips): "
        text += f"permutation test over groups p = {other.permutation_p:.4f}"
        if other.mcnemar_p is not None:
            text += f", McNemar p = {other.mcnemar_p:.3g}"
        lines.append(text)
    if result.calibration_errors:
        lines += ["", f"expected calibration error, calibration {result.fuser.calibration!r}:"]
        for name, (before, after) in result.calibration_errors.items():
            lines.append(f"  {name}: {100 * before:.1f} before, {100 * after:.1f} after")
    lines += ["", *_learnt(result.fuser.combiner_.to_dict())]
    if result.test_prior is not None:
        prior = ", ".join(f"{label} {share:.3f}" for label, share in result.test_prior.items())
        lines.append(f"test clips were adjusted to label frequencies of the test clips: {prior}")
    return "\n".join(lines).rstrip() + "\n"


def _learnt(state: dict[str, Any]) -> list[str]:
    lines = []
    if "chosen" in state:
        inner = ", ".join(f"{name} {value:.4f}" for name, value in state["inner_figures"].items())
        lines.append(f"method chosen inside: {state['chosen']} ({inner})")
    weights = state.get("weights", {})
    if weights and all(isinstance(weight, float) for weight in weights.values()):
        text = ", ".join(f"{name} {weight:.3f}" for name, weight in weights.items())
        lines.append(f"weights: {text}; sharpness {state['sharpness']:.2f}")
    return lines


def _shown(name: str, value: float) -> str:
    return f"{100 * value:.2f}" if METRICS[name].is_percent else f"{value:.4f}"
