"""Writes the specs of speech corpora whose file names say it all, from one table.

    python configs/speech_corpora.py

Names, letters and speakers are those of the corpora; emo-box/EmoBox reads 32 of them, and its
`preprocess/scripts` and README are the sources named in each spec. `tests/challenges` compares the
files with this table.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml

OWN = {
    "facts": ["metric", "submission"],
    "says": "no challenge: the metric and the submission, a plain table, are this project's",
    "where": "",
    "certainty": "assumed",
}
SPECS = Path(__file__).with_name("challenges")


class Corpus(NamedTuple):
    """One corpus: its folder's usual names, the grammar of its file names, what its codes mean."""

    name: str
    title: str
    year: int
    inside: str
    pattern: str
    codes: dict[str, str]
    size: int | None
    certainty: str = "found"


CORPORA = (
    Corpus(
        "tess", "Toronto emotional speech set (TESS)", 2010, "TESS*",
        r"(?P<speaker>OAF?|YAF)_(?P<word>[a-z]+)_(?P<emotion>[a-z]+)",
        {"angry": "angry", "disgust": "disgust", "fear": "fear", "happy": "happy",
         "neutral": "neutral", "ps": "pleasant surprise", "sad": "sad"}, 2800,
    ),
    Corpus(
        "urdu", "URDU, utterances of talk shows", 2018, "URDU*",
        r"(?P<speaker>S[MF]\d+)_(?P<file>F\d+)_(?P<emotion>[AHNS])\d+",
        {"A": "Angry", "H": "Happy", "N": "Neutral", "S": "Sad"}, 400,
    ),
    Corpus(
        "emovo", "EMOVO, Italian emotional speech", 2014, "EMOVO",
        r"(?P<emotion>dis|gio|neu|pau|rab|sor|tri)-(?P<speaker>[mfMF][123])-(?P<sentence>\w+)",
        {"neu": "neutral", "dis": "disgust", "gio": "joy", "pau": "fear", "rab": "anger",
         "sor": "surprise", "tri": "sadness"}, 588,
    ),
    Corpus(
        "cafe", "CaFE, Canadian French emotional speech", 2018, "CaFE*",
        r"(?P<speaker>\d\d)-(?P<emotion>[CDJNPST])-(?P<intensity>\d)-(?P<sentence>\d)",
        {"C": "anger", "D": "disgust", "J": "happiness", "N": "neutral", "P": "fear",
         "S": "surprise", "T": "sadness"}, 936,
    ),
    Corpus(
        "subesco", "SUBESCO, Bangla emotional speech", 2021, "SUBESCO",
        r"(?P<speaker>[MF]_\d\d)_[A-Z]+_(?P<sentence>S_\d+)_(?P<emotion>[A-Z]+)_(?P<take>\d)",
        {name: name.lower() for name in
         ("ANGRY", "DISGUST", "FEAR", "HAPPY", "NEUTRAL", "SAD", "SURPRISE")}, 7000,
    ),
    Corpus(
        "oreau", "Oréau, French emotional speech", 2020, "Or*FR_02",
        r"(?P<speaker>\d\d)(?P<utterance>[a-z0-9]{3})(?P<emotion>[CDJNPST])",
        {"C": "anger", "D": "disgust", "J": "happiness", "N": "neutral", "P": "fear",
         "S": "surprise", "T": "sadness"}, None,
    ),
    Corpus(
        "shemo", "ShEMO, Persian emotional speech", 2018, "ShEMO",
        r"(?P<speaker>[MF]\d\d)(?P<emotion>[AFHNSW])(?P<number>\d+)",
        {"A": "anger", "F": "fear", "H": "happiness", "N": "neutral", "S": "sadness",
         "W": "surprise"}, None, "memory",
    ),
)  # fmt: skip


def spec_of(corpus: Corpus) -> str:
    """Return the YAML of a corpus."""
    is_found = corpus.certainty == "found"
    sources = [
        {
            "facts": ["labels", "layout"],
            "says": "file names, letters of the emotions, speakers",
            "where": f"emo-box/EmoBox preprocess/scripts/{corpus.name}.py" if is_found else "",
            "certainty": corpus.certainty,
        }
    ]
    if corpus.size:
        told = {"facts": ["sizes"], "says": f"{corpus.size} utterances", "certainty": "found"}
        sources.append({**told, "where": "emo-box/EmoBox README"})
    spec = {
        "name": corpus.name,
        "title": corpus.title,
        "year": corpus.year,
        "unit": "clip",
        "task": "classification",
        "labels": [*corpus.codes.values()],
        "codes": {code: label for code, label in corpus.codes.items() if code != label},
        "sizes": {"train": corpus.size} if corpus.size else {},
        "layout": {
            "reader": "file_names",
            "options": {
                "inside": [corpus.inside],
                "pattern": corpus.pattern,
                "label": "emotion",
                "group": "speaker",
                "extra": {"speaker": "speaker"},
                "extensions": [".wav", ".flac"],
            },
        },
        "metric": "uar",
        "submission": {
            "format": "table",
            "columns": [{"name": "clip_id", "holds": "id"}, {"name": "label", "holds": "label"}],
        },
        "folds": {"loso": {"by": "speaker", "source": "one speaker at a time"}},
        "sources": [*sources, OWN],
    }
    text = yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=100)
    return "# written by configs/speech_corpora.py\n" + text


def write_all() -> None:
    """Write the spec of every corpus into ``configs/challenges``."""
    for corpus in CORPORA:
        (SPECS / f"{corpus.name}.yaml").write_text(spec_of(corpus), encoding="utf-8")


if __name__ == "__main__":
    write_all()
