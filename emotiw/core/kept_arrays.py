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
from emotiw.core.stored_tensors import load_arrays, load_state
from emotiw.core.weights import cache_folder

FOLDER = "arrays"


def arrays_of(path: Path) -> dict[str, Any]:
    """Return the tensors of a safetensors file or a plain PyTorch state dict as NumPy arrays.

    Raises:
        WeightsError: if it is damaged, or holds anything but named tensors.
    """
    if path.suffix == ".safetensors":
        return load_arrays(path)
    digest = sha256_of(path)
    folder = cache_folder() / FOLDER
    for kept in sorted(folder.glob(f"{digest}-*.safetensors")):
        if sha256_of(kept) == kept.stem.removeprefix(f"{digest}-"):
            return load_arrays(kept)
    return _read_by_torch(path, folder, digest)


def _read_by_torch(path: Path, folder: Path, digest: str) -> dict[str, Any]:
    from safetensors.numpy import save

    # in order: safetensors would write the memory of others as it lies
    state = load_state(path)
    arrays = {name: np.ascontiguousarray(t.numpy()) for name, t in state.items()}
    data = save(arrays)
    with suppress(MachineError):  # nowhere to keep them: the next process asks torch again
        atomic_write(folder / f"{digest}-{sha256(data).hexdigest()}.safetensors", data)
    return arrays
