"""The arrays of a network's weights without torch, whatever kind of file they come in.

Only torch can read its own files safely. So it is asked once on each machine; after that, the
arrays are read from a file beside the fetched weights, whose name says whose and which they are.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from emotiw.core.errors import MachineError
from emotiw.core.files import atomic_write, sha256_of
from emotiw.core.stored_tensors import load_arrays, load_state, require_order
from emotiw.core.weights import WeightsCard, cache_folder, verify

FOLDER = "arrays"


def arrays_of(card: WeightsCard) -> dict[str, Any]:
    """Return the tensors of a card's file, verified, as NumPy arrays.

    Raises:
        WeightsError: if the weights are missing, damaged, not those of the card, or anything but
            named tensors.
    """
    found = verify(card)
    if found.path.suffix == ".safetensors":
        arrays = load_arrays(found.path)
        require_order(found.path, card.labels)
        return arrays
    folder = cache_folder() / FOLDER
    for kept in sorted(folder.glob(f"{found.sha256}-*.safetensors")):
        if sha256_of(kept) == kept.stem.removeprefix(f"{found.sha256}-"):
            return load_arrays(kept)
    return _read_by_torch(found.path, folder, found.sha256)


def _read_by_torch(path: Path, folder: Path, digest: str) -> dict[str, Any]:
    from safetensors.numpy import save

    # in order: safetensors would write the memory of others as it lies
    state = load_state(path)
    arrays = {name: np.ascontiguousarray(t.numpy()) for name, t in state.items()}
    data = save(arrays)
    with suppress(MachineError):  # nowhere to keep them: the next process asks torch again
        atomic_write(folder / f"{digest}-{sha256(data).hexdigest()}.safetensors", data)
    return arrays
