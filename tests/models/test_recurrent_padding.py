"""Padded sequences give what packed ones give, forwards and back, and so do their gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from emotiw.models.networks.recurrent_net import RecurrentNetwork


def packed(network: RecurrentNetwork, cell: str, hidden: int, frames: Tensor, mask: Tensor) -> Any:
    """States and last states of torch's own stacked, packed recurrence with the same weights."""
    n_layers, is_both = len(network.layers), len(network.layers[0]) == 2  # type: ignore[arg-type]
    kind = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
    whole = kind(frames.shape[2], hidden, n_layers, batch_first=True, bidirectional=is_both)
    weights = {}
    for name, value in network.layers.named_parameters():
        layer, direction, own = name.split(".")
        reverse = "_reverse" if direction == "1" else ""
        weights[own.replace("_l0", f"_l{layer}") + reverse] = value
    lengths = mask.sum(1)
    rows = pack_padded_sequence(frames, lengths, batch_first=True, enforce_sorted=False)
    states, last = torch.func.functional_call(whole.double(), weights, (rows,))
    last = last[0] if isinstance(last, tuple) else last
    last = last[-(2 if is_both else 1) :].transpose(0, 1).flatten(1)
    return pad_packed_sequence(states, batch_first=True)[0], last


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("is_bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean"])
def test_padded_is_packed(cell: Any, is_bidirectional: bool, pooling: Any) -> None:
    torch.manual_seed(0)
    network = RecurrentNetwork(
        3, 2, cell=cell, hidden=4, layers=2, is_bidirectional=is_bidirectional, pooling=pooling
    ).double()
    frames = torch.randn(5, 9, 3, dtype=torch.float64)
    mask = torch.arange(9) < torch.tensor([9, 1, 4, 7, 2])[:, None]
    states, last = packed(network, cell, 4, frames, mask)
    summary = last if pooling == "last" else states.sum(1) / mask.sum(1, keepdim=True)
    expected, found = network.answer(summary), network(frames, mask)
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=0)
    ours = torch.autograd.grad(found.square().sum(), list(network.parameters()))
    theirs = torch.autograd.grad(expected.square().sum(), list(network.parameters()))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=0)


@pytest.mark.parametrize("is_bidirectional", [False, True])
def test_every_step_is_answered_from_its_own_state(is_bidirectional: bool) -> None:
    torch.manual_seed(0)
    network = RecurrentNetwork(
        3, 2, hidden=4, is_bidirectional=is_bidirectional, by_step=True
    ).double()
    frames = torch.randn(3, 6, 3, dtype=torch.float64)
    mask = torch.arange(6) < torch.tensor([6, 2, 5])[:, None]
    states, _ = packed(network, "lstm", 4, frames, mask)
    found = network(frames, mask)
    assert found.shape == (3, 6, 2)
    torch.testing.assert_close(found[mask], network.answer(states)[mask], atol=1e-9, rtol=0)
