"""How objects show themselves: one line in a terminal, a small table or pictures in a notebook."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

MOST_ROWS = 10
PICTURE_PX = 72


class AsTable:
    """What has a frame shows the first rows of it in a notebook, below its one line."""

    def to_frame(self) -> pd.DataFrame:
        """Return it in pandas."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return table_html(repr(self), self.to_frame())


def table_html(title: str, frame: pd.DataFrame) -> str:
    """Return the first rows of a frame, with a title, as HTML.

    Examples:
        >>> import pandas as pd
        >>> shown = table_html("<Scores>", pd.DataFrame({"clip_id": ["a"] * 12}))
        >>> "&lt;Scores&gt;" in shown, shown.count("<td>a</td>"), "12 rows" in shown
        (True, 10, True)
    """
    shown = frame.head(MOST_ROWS)
    rows = shown.to_html(index=False, border=0, na_rep="", float_format="{:.4g}".format)
    more = f"<p>… {len(frame):,} rows</p>" if len(frame) > MOST_ROWS else ""
    return f"<p>{escape(title)}</p>{rows}{more}"


def pictures_html(title: str, strips: Sequence[tuple[str, Sequence[bytes]]]) -> str:
    """Return strips of JPEG pictures, each with its own line of text, as HTML.

    Examples:
        >>> pictures_html("faces", [("track 0", [b"jpeg"])]).count("<img")
        1
    """
    parts = [f"<p>{escape(title)}</p>"]
    for told, pictures in strips:
        images = "".join(
            f'<img alt="" height="{PICTURE_PX}" style="display:inline-block;margin:1px" '
            f'src="data:image/jpeg;base64,{base64.b64encode(data).decode()}">'
            for data in pictures
        )
        parts.append(f"<div>{escape(told)}<br>{images}</div>")
    return "".join(parts)


def as_jpeg(picture: npt.NDArray[np.uint8]) -> bytes:
    """Return ``(height, width, 3)`` RGB, or ``(height, width)`` grey, as a JPEG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture.squeeze()).save(buffer, "JPEG")
    return buffer.getvalue()
