"""Make docs/report.png, the first screen of the demo's report: `make picture`.

Needs Debian's chromium; at most 300 KB, so colours are reduced to a palette.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from mechanisms import pipeline

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTH, HEIGHT, LARGEST = 1280, 1240, 300_000


def main() -> None:
    """Run the demo, photograph its report, and write the picture beside this file."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        page_file = pipeline.demo(Path(folder) / "demo") / "report.html"
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(page_file.as_uri())
        shot = page.screenshot()
        browser.close()
    picture = Image.open(io.BytesIO(shot)).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    out = Path(__file__).with_name("report.png")
    picture.save(out, optimize=True)
    if out.stat().st_size > LARGEST:
        sys.exit(f"{out.name} has {out.stat().st_size:,} bytes, more than {LARGEST:,}")
    print(f"wrote {out.name}, {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
