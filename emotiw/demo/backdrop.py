"""What is around a person: a place, its light, and a camera that is not a good one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.demo.appearance import Person
from emotiw.demo.motion import HeadMotion
from emotiw.demo.portraits import EYE_LINE, WIDTH, Pixels

Image = npt.NDArray[np.float32]
REACH = (220.0, 155.0)  # of a bust from between its eyes to the sides and upwards, px


def draw_place(size: tuple[int, int], rng: np.random.Generator) -> Image:
    """Return ``(height, width, 3)`` of a blurred place without people: hills, walls, patches."""
    import cv2

    width, height = size
    top, bottom = _dull_colour(rng), _dull_colour(rng)
    fade = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    place = np.broadcast_to(top + fade * (bottom - top), (height, width, 3)).astype(np.float32)
    for _ in range(int(rng.integers(4, 10))):
        colour = _dull_colour(rng).tolist()
        x, y = rng.uniform(-0.1, 1.1, 2) * size
        w, h = rng.uniform(0.08, 0.5, 2) * size
        place = np.ascontiguousarray(place)
        if rng.random() < 0.5:
            corners = (int(x - w / 2), int(y - h / 2)), (int(x + w / 2), int(y + h / 2))
            cv2.rectangle(place, *corners, colour, -1)
        else:
            cv2.ellipse(
                place, (int(x), int(y)), (int(w / 2), int(h / 2)), 0.0, 0.0, 360.0, colour, -1
            )
    texture = rng.normal(0, 12, (height // 8 + 1, width // 8 + 1)).astype(np.float32)
    place += cv2.resize(texture, size, interpolation=cv2.INTER_CUBIC)[..., None]
    blurred = cv2.GaussianBlur(place, (0, 0), float(rng.uniform(2.0, 7.0)))
    return np.clip(blurred, 0, 255).astype(np.float32)


def _dull_colour(rng: np.random.Generator) -> Image:
    return (rng.uniform(40, 210) + rng.normal(0, 14, 3)).astype(np.float32)


@dataclass(frozen=True)
class Camera:
    """The light on a scene and the faults of the camera that takes it.

    Attributes:
        gain: ``(height, width, 1)`` factor, brighter on one side.
        gamma: exponent on brightness, about 1.
        noise: standard deviation of the sensor, grey levels of 255.
        blur: standard deviation, px; 0 for none.
    """

    gain: Image
    gamma: float
    noise: float
    blur: float

    def take(self, scene: Image, rng: np.random.Generator) -> Pixels:
        """Return ``(height, width, 3)`` uint8 of a scene, with fresh sensor noise."""
        import cv2

        if self.blur:
            scene = cv2.GaussianBlur(scene, (0, 0), self.blur).astype(np.float32)
        light = scene * self.gain
        light += self.noise * rng.standard_normal((*light.shape[:2], 1), dtype=np.float32)
        curve = 255 * (np.arange(256) / 255) ** self.gamma
        exposed = np.clip(light, 0, 255, out=light).astype(np.uint8)
        return np.asarray(cv2.LUT(exposed, curve.astype(np.uint8)), dtype=np.uint8)


def draw_camera(size: tuple[int, int], rng: np.random.Generator) -> Camera:
    """Return a random light and camera for images of ``size`` (width, height)."""
    width, height = size
    slope, tilt = rng.uniform(-0.25, 0.25), rng.uniform(-0.12, 0.12)
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    along = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    gain = (rng.uniform(0.85, 1.1) * (1 + slope * across + tilt * along)).astype(np.float32)
    blur = float(rng.uniform(0.4, 0.9)) if rng.random() < 0.4 else 0.0
    return Camera(gain, float(rng.uniform(0.85, 1.2)), float(rng.uniform(1.5, 6.0)), blur)


def put_person(
    scene: Image,
    person: Person,
    amounts: dict[str, float],
    *,
    eyes: tuple[float, float],
    scale: float,
    tilt: float,
) -> None:
    """Draw a person into a scene, in place.

    Args:
        scene: ``(height, width, 3)`` float32.
        person: who it is.
        amounts: the expression and the turn of the head.
        eyes: the point between the eyes, px of the scene.
        scale: px of the scene per px of the bust.
        tilt: degrees, anticlockwise.
    """
    import cv2

    # the part of the scene that the person can be in: bodies go on to its lower edge
    reach, over = REACH[0] * scale, REACH[1] * scale
    left, right = max(int(eyes[0] - reach), 0), min(int(eyes[0] + reach), scene.shape[1])
    top = max(int(eyes[1] - over), 0)
    part = scene[top:, left:right]
    if not part.size:
        return
    turn = cv2.getRotationMatrix2D((WIDTH / 2, EYE_LINE), tilt, scale)
    matrix = np.asarray(turn, dtype=np.float64)
    matrix[:, 2] += np.array(eyes) - (WIDTH / 2, EYE_LINE) - (left, top)
    size = (part.shape[1], part.shape[0])
    rgb = person.warper.render(_added(amounts, person.shape))
    moved, alpha = (
        cv2.warpAffine(
            picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ).astype(np.float32)
        for picture in (rgb, person.bust.alpha)
    )
    part += alpha[..., None] / np.float32(255) * (moved - part)


def put_moving(
    scene: Image,
    person: Person,
    amounts: dict[str, float],
    head: HeadMotion,
    frame: int,
    *,
    at: tuple[float, float],
    scale: float,
    sway: float = 1.0,
) -> None:
    """Draw a person as the head has moved by a frame; as :func:`put_person`.

    Args:
        scene: and the rest: as there.
        head: how it moves.
        frame: of the clip.
        at: the point between the eyes of a head at rest.
        scale: of a head at rest.
        sway: px of the scene per px of the motion.
    """
    put_person(
        scene,
        person,
        amounts | {"turn": float(head.turn[frame]), "nod": float(head.nod[frame])},
        eyes=(at[0] + sway * float(head.x[frame]), at[1] + sway * float(head.y[frame])),
        scale=scale * float(head.scale[frame]),
        tilt=float(head.tilt[frame]),
    )


def _added(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in one | other}
