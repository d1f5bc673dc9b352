"""How fast sequence models learn: batches per second, beside a plain loop and a packed LSTM.

Usage: python benchmarks/sequence_speed.py [--clips 256] [--dim 64] [--hidden 128] [--epochs 4]

The clips are random, 40 to 120 rows each. ``plain`` is what one would write by hand in 25 lines: it
pads batches, asks a torch LSTM, pools and steps. ``packed`` is the same with packed sequences. The
toolkit's lines are an epoch of its training loop, with one answer per clip and one per row. Every
line is the best of all epochs but the first, by processor time, which hardly depends on what else
runs.
"""

from __future__ import annotations

import argparse
from time import process_time
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.task import Classification, Regression
from emotiw.models.model import Examples
from emotiw.models.registry import MODELS
from emotiw.models.training.loop import train

BATCH = 16


def plain(rows: list[Any], codes: Any, hidden: int, epochs: int, *, packs: bool) -> float:
    """Return the seconds of the fastest epoch."""
    lstm, head = nn.LSTM(rows[0].shape[1], hidden, batch_first=True), nn.Linear(hidden, 7)
    optimizer = torch.optim.AdamW([*lstm.parameters(), *head.parameters()], lr=1e-3)
    seconds = []
    for _ in range(epochs):
        start = process_time()
        for batch in torch.randperm(len(rows)).split(BATCH):
            clips = [rows[row] for row in batch.tolist()]
            frames = pad_sequence(clips, batch_first=True)  # (batch, time, dim)
            lengths = torch.tensor([len(clip) for clip in clips])
            if packs:
                packed = pack_padded_sequence(
                    frames, lengths, batch_first=True, enforce_sorted=False
                )
                states, _ = pad_packed_sequence(lstm(packed)[0], batch_first=True)
            else:
                states, _ = lstm(frames)
            mask = torch.arange(frames.shape[1]) < lengths[:, None]
            pooled = (states * mask[..., None]).sum(1) / lengths[:, None]
            loss = F.cross_entropy(head(pooled), codes[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        seconds.append(process_time() - start)
    return min(seconds[1:])


def ours(name: str, examples: Examples, hidden: int, epochs: int) -> float:
    """Return the same of a model of the toolkit."""
    size = {"hidden": hidden} if name in ("lstm", "gru") else {}
    kind = MODELS.resolve(name)
    options: Any = kind.Options.model_validate(
        {**size, "dropout": 0, "training": {"epochs": epochs, "batch_size": BATCH}}
    )
    task: Any = Regression(("arousal",)) if examples.n_steps else Classification(tuple("abcdefg"))
    model: Any = kind(options, spec=examples.table.spec, task=task, seed=0)
    model.by_step = bool(examples.n_steps)
    source = model.source(examples, augments=True)
    ends: list[float] = []
    train(
        model.build(),
        source,
        options.training,
        task=task,
        on_epoch=lambda _: ends.append(process_time()),
    )
    return float(np.diff(ends).min())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=256)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=4)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    lengths = rng.integers(40, 121, arguments.clips)
    values = [rng.normal(size=(n, arguments.dim)).astype(np.float32) for n in lengths]
    arrays = {f"clip{n}": FeatureArray.all_present(rows) for n, rows in enumerate(values)}
    table = FeatureTable(FeatureSpec("rows", (arguments.dim,), "frame"), arrays)
    codes, ids = rng.integers(0, 7, len(values)), tuple(arrays)
    by_clip = Examples(table, ids, ids, codes)
    answers = rng.normal(size=(int(lengths.sum()), 1))
    by_step = Examples(table, ids, ids, answers, n_steps=tuple(lengths.tolist()))
    rows, batches = [torch.from_numpy(each) for each in values], -(-len(values) // BATCH)
    sizes = {"hidden": arguments.hidden, "epochs": arguments.epochs}
    best = plain(rows, torch.from_numpy(codes), **sizes, packs=False)
    found = {
        "plain": best,
        "packed": plain(rows, torch.from_numpy(codes), **sizes, packs=True),
        **{f"{name} per clip": ours(name, by_clip, **sizes) for name in ("lstm", "gru", "tcn")},
        **{f"{name} per step": ours(name, by_step, **sizes) for name in ("lstm", "gru", "tcn")},
    }
    for name, seconds in found.items():
        per_second = batches / seconds
        print(
            f"{name:14} {per_second:7.1f} batches/s, {seconds / best:.2f} times plain", flush=True
        )


if __name__ == "__main__":
    main()
