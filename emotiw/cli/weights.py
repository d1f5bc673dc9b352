"""`emotiw weights list|fetch|verify`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument

from emotiw.cli.stage import print_table, show_download

if TYPE_CHECKING:
    from emotiw.core.weights import Verification

app = typer.Typer(help="Weights of networks: which there are, and whether they are whole.")

Names = Annotated[list[str], Argument(help="Weights cards by name, or YAML files of your own.")]


@app.command(name="list")
def list_cards() -> None:
    """Show every card that comes along, and whether its weights are on this machine."""
    from emotiw.core.errors import WeightsError
    from emotiw.core.weights import card_names, locate, read_card

    rows = []
    for name in card_names():
        card = read_card(name)
        try:
            place = "yes" if locate(card) else ""
        except WeightsError:
            place = "no"
        rows.append((name, card.backbone, str(card.embedding), place, card.licence))
    print_table(("name", "backbone", "values", "here", "licence"), rows, box=None)


@app.command()
def fetch(names: Names) -> None:
    """Download weights, once; nothing else in emotiw ever does."""
    from emotiw.core.weights import fetch as fetch_weights
    from emotiw.core.weights import read_card

    progress = show_download if sys.stderr.isatty() else None
    for name in names:
        card = read_card(name)
        print(f"{card.name}: licence: {card.licence or 'not stated'}")
        _tell(card.name, fetch_weights(card, progress=progress))


@app.command()
def verify(names: Names) -> None:
    """Compare weights with the fingerprints on their cards."""
    from emotiw.core.weights import read_card
    from emotiw.core.weights import verify as verify_weights

    for name in names:
        card = read_card(name)
        _tell(card.name, verify_weights(card))


def _tell(name: str, found: Verification) -> None:
    known = {
        "card": "as the card says",
        "first fetch": "as it was when first fetched; the card names no sha256",
        "nobody": "the card names no sha256, so nobody can say whether these are the right bytes",
    }[found.known_from]
    print(f"{name}: {Path(found.path)}\n  sha256 {found.sha256}: {known}")
