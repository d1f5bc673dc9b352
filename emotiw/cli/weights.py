"""`emotiw weights list|fetch|verify`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument

from emotiw.cli.completion import cards_or_files
from emotiw.cli.stage import AsJson, Quiet, print_json, print_table, show_download

if TYPE_CHECKING:
    from emotiw.core.weights import Verification

app = typer.Typer(
    help="Weights of networks: which there are, and whether they are whole.", no_args_is_help=True
)

Names = Annotated[
    list[str],
    Argument(
        metavar="CARD…",
        help="Weights cards by name, or YAML files of your own.",
        autocompletion=cards_or_files,
    ),
]
KNOWN_FROM = {
    "card": "as the card says",
    "first fetch": "as it was when first fetched; the card names no sha256",
    "nobody": "the card names no sha256, so nobody can say whether these are the right bytes",
}


@app.command(name="list")
def list_cards(as_json: AsJson = False) -> None:
    """Show every card that comes along, and whether its weights are on this machine.

    emotiw weights list
    """
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
    columns = ("name", "backbone", "values", "here", "licence")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows, box=None)


@app.command()
def fetch(names: Names, quiet: Quiet = False, as_json: AsJson = False) -> None:
    """Download weights, once; nothing else in emotiw ever does.

    emotiw weights fetch centerface
    """
    from emotiw.core.weights import fetch as fetch_weights
    from emotiw.core.weights import read_card

    progress = show_download if sys.stderr.isatty() and not (quiet or as_json) else None
    found = {}
    for name in names:
        card = read_card(name)
        if not as_json:
            print(f"{card.name}: licence: {card.licence or 'not stated'}")
        found[card.name] = fetch_weights(card, progress=progress)
        if not as_json:
            _tell(card.name, found[card.name])
    if as_json:
        print_json([_plain(name, one) for name, one in found.items()])


@app.command()
def verify(names: Names, as_json: AsJson = False) -> None:
    """Compare weights with the fingerprints on their cards.

    emotiw weights verify centerface emotion_cnn
    """
    from emotiw.core.weights import read_card
    from emotiw.core.weights import verify as verify_weights

    found = {card.name: verify_weights(card) for card in map(read_card, names)}
    if as_json:
        print_json([_plain(name, one) for name, one in found.items()])
        return
    for name, one in found.items():
        _tell(name, one)


def _tell(name: str, found: Verification) -> None:
    print(f"{name}: {Path(found.path)}\n  sha256 {found.sha256}: {KNOWN_FROM[found.known_from]}")


def _plain(name: str, found: Verification) -> dict[str, Any]:
    return {
        "name": name,
        "path": found.path,
        "sha256": found.sha256,
        "known_from": found.known_from,
    }
