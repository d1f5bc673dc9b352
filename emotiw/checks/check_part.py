"""One function for whoever writes a part: everything that its kind promises, tried out."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isfunction
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from emotiw.checks.findings import Findings
from emotiw.core.errors import PartError, suggest
from emotiw.core.registry import Registry


class Contract(Protocol):
    """What checks one kind of part."""

    def __call__(
        self, part: Any, options: Mapping[str, Any], sample: Any, findings: Findings
    ) -> None:
        """Note everything that the part doesn't keep."""


CONTRACTS: Registry[Contract] = Registry(
    "kind of part",
    {
        "features.extractor:Extractor": "emotiw.checks.check_extractor:check_extractor",
        "emotiw.models.model:Model": "emotiw.checks.check_model:check_model",
        "fusion.combiner:Combiner": "emotiw.checks.check_fusion:check_combiner",
        "fusion.calibration:Calibration": "emotiw.checks.check_fusion:check_calibration",
        "fusion.post.post_step:PostStep": "emotiw.checks.check_post:check_post_step",
        "emotiw.models.aggregation.aggregation:Aggregation": (
            "emotiw.checks.check_aggregation:check_aggregation"
        ),
        "features.faces.detect:Detector": "emotiw.checks.check_detector:check_detector",
        "emotiw.challenges.reader:Reader": "emotiw.checks.check_reader:check_reader",
        "submissions.submission_format:SubmissionFormat": "emotiw.checks.check_format:check_format",
        "emotiw.evaluation.metric:Metric": "emotiw.checks.check_metric:check_metric",
        "backbone": "emotiw.checks.check_backbone:check_backbone",
    },
)


def check_part(part: Any, options: Mapping[str, Any] | None = None, *, sample: Any = None) -> None:
    """Try out whether a part keeps the contract of its kind.

    The kind is known by the base class. What is tried are small made-up inputs; a class that
    passes can be named in a recipe as ``module:Class``.

    Args:
        part: a class of one's own derived from :class:`features.extractor.Extractor`,
            :class:`emotiw.models.model.Model`, :class:`fusion.combiner.Combiner`,
            :class:`fusion.calibration.Calibration`, ``PostStep``, ``Aggregation``, ``Detector``,
            ``Reader`` or ``SubmissionFormat``; a :class:`~emotiw.evaluation.metrics.Metric`; or the
            function that builds a backbone from a weights card.
        options: as a recipe gives them, where the defaults won't do: above all options that have
            none, and those that make a network small. Of a backbone, the entries of its card.
        sample: what to try it on instead: a ``ClipSource`` for an extractor, a ``FeatureSpec`` for
            a model, images for a detector, ``(spec, folder)`` for a reader, ``(spec, answers)`` for
            a submission format. Where rows or scores are there already: the folder that paths start
            from, for an extractor; a cohort and that folder, for a model.

    Raises:
        PartError: with everything that is wrong, each with what was expected.

    Examples:
        >>> from fusion.calibration import Calibration, NoCalibration
        >>> check_part(NoCalibration)
        >>> class Halved(NoCalibration):
        ...     def apply(self, probabilities):
        ...         return probabilities / 2
        >>> check_part(Halved)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        emotiw.core.errors.PartError: Halved keeps not all that a calibration promises: 2 problems
          - apply: rows should sum to 1...
    """
    kind, named = _kind_of(part)
    findings = Findings(f"{_name(part)} keeps not all that {named} promises")
    if isinstance(part, type):
        check_common(part, findings)
    if not findings.lines:
        with findings.during("check"):
            CONTRACTS.resolve(kind)(part, dict(options or {}), sample, findings)
    findings.raise_if_any(PartError)


def check_common(part: type[Any], findings: Findings) -> None:
    """Note what a class is missing that every part has: strict options, and a version."""
    options = getattr(part, "Options", None)
    if not (isinstance(options, type) and issubclass(options, BaseModel)):
        findings.add(f"Options should be a pydantic model, got {options!r}")
        return
    for key, wanted in (("extra", "forbid"), ("frozen", True)):
        findings.expect(
            options.model_config.get(key) == wanted,
            f"Options should refuse unknown keys and not change: derive {options.__name__} from "
            f"emotiw.core.config.Strict, or set {key}={wanted!r} in its model_config",
        )
    version = part.version
    is_text = isinstance(version, str) and bool(version)
    findings.expect(is_text, f"version should be a text that isn't empty, got {version!r}")
    for name in part.speed_options:
        hint = suggest(name, options.model_fields)
        findings.expect(
            name in options.model_fields, f"speed_options: {options.__name__} has no {name!r}{hint}"
        )


def made_options(part: Any, options: Mapping[str, Any], findings: Findings) -> BaseModel | None:
    """Return checked ``Options``; None, and a problem, where that can't be."""
    try:
        made: BaseModel = part.Options.model_validate(options)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        findings.add(f"Options: {'; '.join(wrong)}: call check_part(…, options={{…}})")
        return None
    again = part.Options.model_validate(made.model_dump(mode="json"))
    findings.expect(again == made, "Options should be the same again after a way through JSON")
    return made


def _kind_of(part: Any) -> tuple[str, str]:
    """Return the contract's name, and what such a part is called."""
    if isfunction(part):
        return "backbone", "a backbone"
    kind = part if isinstance(part, type) else type(part)
    for each in kind.__mro__:
        name = f"{each.__module__}:{each.__qualname__}"
        if name in CONTRACTS.names():
            word = each.__name__.lower().replace("submissionformat", "submission format")
            word = word.replace("combiner", "fusion rule").replace(
                "poststep", "step of post-processing"
            )
            return name, f"{'an' if word[0] in 'ae' else 'a'} {word}"
    known = ", ".join(name.partition(":")[2] for name in CONTRACTS.names() if ":" in name)
    raise PartError(f"{_name(part)} is no part: expected a class derived from one of {known}")


def _name(part: Any) -> str:
    return str(getattr(part, "__name__", getattr(part, "name", type(part).__name__)))
