"""What claims 4 and 7 look for, by own searches: python -m tests.dense.claims [FILE]

Goes on where an earlier run stopped; without FILE it writes `claims.npz` beside this module. Ten
minutes of one processor.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .reference import NAMES, expected_loss, net, pictures
from .searches import READINGS, least, printed, shrunk
from .views import as_pixels

__all__ = ["FACTORS", "IMAGES", "PAIRS", "STDDEVS", "STORED", "Claims", "picture"]

STORED = Path(__file__).with_name("claims.npz")
FACTORS = (1e-4, 2.0)  # of claim 4
STDDEVS = (3e-3, 3.0)  # of claim 7
IMAGES = tuple(int(i) for i in np.random.default_rng(20261129).choice(10_000, 12, replace=False))
# All models, and three of them once more.
PAIRS = tuple((NAMES[i % len(NAMES)], image) for i, image in enumerate(IMAGES))
READ = 8  # images of claim 7


def picture(name: str, image: int) -> NDArray[np.float32]:
    return as_pixels(pictures(name)[image])


class Claims:
    """Values and their errors in nats, NaN where they are not yet computed.

    Attributes:
        bound: the least -ELBO over c of each of `PAIRS`, `(12, 2)`.
        noisy: E of the loss with noise of stddev 1 around the autoencoder's code, `(12, 2)`.
        printed: the least that each reading prints for each image, `(8, 4, 2)`.
    """

    def __init__(self, path: Path = STORED):
        self.path = path
        self.bound, self.noisy = np.full((2, len(PAIRS), 2), np.nan)
        self.printed = np.full((READ, len(READINGS), 2), np.nan)
        if path.exists():
            with np.load(path) as archive:
                self.__dict__ |= {key: archive[key] for key in archive}

    def compute(self) -> None:
        """What is missing, saved after each."""
        for i, (name, image) in enumerate(PAIRS):
            x = picture(name, image)
            if np.isnan(self.bound[i]).any():
                self.bound[i] = least(shrunk(net(name), x), *FACTORS)
                self._save(f"claim 4, {name}, image {image}: {self.bound[i]}")
        for i, image in enumerate(IMAGES[:READ]):
            prints = printed(net("blog"), picture("blog", image))
            for j, reading in enumerate(READINGS):
                if np.isnan(self.printed[i, j]).any():
                    self.printed[i, j] = least(prints(reading), *STDDEVS)
                    self._save(f"claim 7, image {image}, {reading}: {self.printed[i, j]}")
        for i, image in enumerate(IMAGES):
            x, model = picture("autoencoder", image), net("autoencoder")
            if np.isnan(self.noisy[i]).any():
                self.noisy[i] = expected_loss(model, x, model.encode(x)[0], np.ones(2))
                self._save(f"noise, image {image}: {self.noisy[i]}")

    def _save(self, line: str) -> None:
        np.savez(self.path, bound=self.bound, noisy=self.noisy, printed=self.printed)
        print(line, flush=True)


if __name__ == "__main__":
    Claims(*map(Path, sys.argv[1:2])).compute()
