"""`emotiw status`."""

from __future__ import annotations

from dataclasses import asdict

from emotiw.cli.stage import AsJson, Config, Set, opened, print_json, print_table


def status(config: Config, settings: Set = None, as_json: AsJson = False) -> None:
    """Show what a run has, what is out of date and why, and what was changed by hand.

    emotiw status recipe.yaml
    """
    from emotiw.runs.status import status_of

    found = status_of(opened(config, settings, quiet=True, as_json=as_json))
    if as_json:
        print_json({**asdict(found), "to_do": found.to_do})
        return
    rows = [
        (
            stage.name,
            stage.state,
            ", ".join(f"{n:,} {state}" for state, n in stage.counts.items()),
            "; ".join(stage.reasons),
        )
        for stage in found.stages
    ]
    print_table(("stage", "state", "clips", "because"), rows)
    for edit in found.edits:
        print(edit)
    if found.holder:
        print(f"{found.holder} is at work here")
    to_do = ", ".join(found.to_do)
    print(f"`emotiw run` would make: {to_do}" if to_do else "everything is up to date")
