"""Many visitors at once: python -m tests.benchmarks.load [--visitors 60] [--minutes 5] [--every 5]

Starts a server; its visitors each pick an image or a point every few seconds. Prints the time
from a pick to the panels that show it, what went wrong, and the server's memory, counted from the
moment when all have opened the page. Linux only.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.browser.server import serve
from tests.visitors import Load, visit

# Most visitors stay with the models of the first screen, one in ten compares others.
OTHERS = ("model=large&versus=sample", "model=blog&versus=autoencoder", "versus=sample-10&k=64")


def addresses(visitors: int) -> list[str]:
    """The query of each visitor's address."""
    return [OTHERS[i // 10 % len(OTHERS)] if i % 10 == 9 else "" for i in range(visitors)]


def main() -> int:
    """Runs the measurement; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--every", type=float, default=5, help="seconds between a visitor's picks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder) / "log.txt") as server:
        load = asyncio.run(
            visit(
                server.url,
                server.pid,
                addresses(options.visitors),
                60 * options.minutes,
                options.every,
            )
        )
        said = server.log.read_text()
    report(load)
    if "Traceback" in said:
        print(said, file=sys.stderr)
    return 1 if load.errors or "Traceback" in said else 0


def report(load: Load) -> None:
    print(f"{'picks':45}{len(load.seconds):8}")
    print(f"{'errors':45}{len(load.errors):8}")
    for error in load.errors[:10]:
        print(f"    {error}")
    shares = (50, 95, 99, 100)
    for share, value in zip(shares, np.percentile(load.seconds or [0], shares), strict=True):
        print(f"{f'pick to panels, {share} % within':45}{1000 * value:8.0f} ms")
    if not load.memory:
        return
    end = load.memory[-1][0]
    print(f"{'server, all have opened the page':45}{load.memory[0][1]:8.1f} MiB")
    print(f"{'server, at the end':45}{load.memory[-1][1]:8.1f} MiB")
    print(f"{'growth':45}{load.growth:8.1f} MiB")
    if end > 150:  # medians of half a minute
        growth = load.level(end - 30, end) - load.level(end - 150, end - 120)
        print(f"{'growth in the last two minutes':45}{growth:8.1f} MiB")
    for start in range(0, int(end), 30):
        print(f"    {start:4} to {start + 30:4} s {load.level(start, start + 30):8.1f} MiB")


if __name__ == "__main__":
    sys.exit(main())
