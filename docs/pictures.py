"""Takes the pictures of the pages: of the synthetic demo alone, never of real people.

python docs/pictures.py DEMO       # the folder that `emotiw demo DEMO` made; needs Chromium
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import av

IMAGES = Path(__file__).parent / "images"
BROWSER = [
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--disable-background-networking", "--no-first-run", "--window-size=1280,1500",
]  # fmt: skip
EMOTIW = [sys.executable, "-m", "emotiw"]


def main(demo: Path) -> None:
    """Write both pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = folder / "report.html"
        subprocess.run([*EMOTIW, "report", demo / "runs" / "demo", "--output", page], check=True)
        shot = f"--screenshot={IMAGES / 'report.png'}"
        subprocess.run([*BROWSER, f"--user-data-dir={folder}", shot, page.as_uri()], check=True)
        clips = sorted((demo / "groups" / "clips" / "Test").glob("*.mp4"))
        drawn = ["--run", demo / "runs" / "demo_vgaf", "--video", folder, "--window", "0.2"]
        subprocess.run([*EMOTIW, "predict", *clips, *drawn], check=True)
        fullest = max(folder.glob("*.mp4"), key=lambda path: path.stat().st_size)
        with av.open(str(fullest)) as video:
            frames = [frame.to_image() for frame in video.decode(video=0)]
        frames[len(frames) // 2].save(IMAGES / "annotated.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
