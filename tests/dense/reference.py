"""Loss, KL and E over q of the loss, from the models' files alone: nothing of `vae_core` is here.

The networks are read from `weights.npz` and run in float64. E over q is a sum over a square
lattice in q's own axes, turned and shifted so that it shares no point with any other rule, over a
disc of `REACH` stddevs. Its spacing is halved until two things are small: the change of the sum,
and how far the four lattices of twice the spacing, of which it consists, lie apart. A ReLU
decoder's loss has folds, over which one change can be small by chance; four lattices seldom agree
by chance.
"""

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ASSETS",
    "NAMES",
    "SETTLED",
    "Array",
    "Net",
    "Value",
    "expected_loss",
    "kl",
    "lattice",
    "net",
    "pictures",
    "spread_of_four",
]

Array = NDArray[np.float64]
Value = tuple[float, float]  # in nats, and how far it may be off

ASSETS = Path(__file__).resolve().parents[2] / "assets"
NAMES = tuple(sorted(folder.parent.name for folder in ASSETS.glob("models/*/weights.npz")))

REACH = 6.5  # stddevs; the mass beyond is exp(-REACH²/2) = 7e-10
COARSEST, FINEST = 1 / 4, 1 / 64  # spacings, in stddevs of q
SETTLED = 1e-3  # nats
TURN, SHIFT = 0.4636, (0.3127, 0.7719)  # radians, and shares of a spacing
AT_ONCE = 128  # points: their logits and what is made of them fit a processor's cache
FACTORS = 16  # of at most 2 each, whose product single precision holds


class Net:
    """One model's encoder and decoder in float64.

    Args:
        folder: with `weights.npz` and `metadata.json`.
    """

    def __init__(self, folder: Path):
        with np.load(folder / "weights.npz") as archive:
            self.arrays: dict[str, Array] = {k: archive[k].astype(np.float64) for k in archive}
        record = json.loads((folder / "metadata.json").read_text())
        self.head: str = record["head"]
        self.depth = len(record["training"]["model"]["hidden"])
        self.kernel = self.arrays["decoder/logits/kernel"]
        self.bias = self.arrays["decoder/logits/bias"]

    def _layer(self, name: str, x: Array) -> Array:
        return x @ self.arrays[f"{name}/kernel"] + self.arrays[f"{name}/bias"]

    def _hidden(self, part: str, x: Array) -> Array:
        for i in range(self.depth):
            x = np.maximum(self._layer(f"{part}/dense_{i}", x), 0.0)
        return x

    def encode(self, x: NDArray[np.floating]) -> tuple[Array, Array]:
        """Mean and stddev of q, each `(..., 2)`; the stddev is zero without a q."""
        hidden = self._hidden("encoder", np.asarray(x, np.float64))
        mean, s = self._layer("encoder/mean", hidden), self._layer("encoder/log_var", hidden)
        if self.head == "none":
            return mean, np.zeros_like(mean)
        return mean, 0.1 * np.exp(s) if self.head == "blog" else np.exp(s / 2)

    def activations(self, z: Array) -> Array:
        """Of the decoder's last hidden layer, `(points, units)`."""
        return self._hidden("decoder", z)

    def softplus(self, activations: Array) -> Array:
        """Σ ln(1 + exp(l)) over the pixels, `(points,)`: Σ max(l, 0) + ln Π (1 + exp(-|l|))."""
        logits = activations @ self.kernel + self.bias
        size = np.abs(logits)
        positive = 0.5 * (logits.sum(axis=1) + size.sum(axis=1))
        # The exponentials in single precision: 784 roundings of 6e-8 make 2e-6 nats.
        factors = np.exp(-size.astype(np.float32)) + np.float32(1)
        products = factors.reshape(len(logits), FACTORS, -1).prod(axis=1)
        return positive + np.log(products).sum(axis=1, dtype=np.float64)

    def losses(self, x: NDArray[np.floating], z: Array) -> Array:
        """-log p(x|z) of one image at many z, `(points,)`."""
        x = np.asarray(x, np.float64)
        image, constant = self.kernel @ x, float(self.bias @ x)
        found = np.empty(len(z))
        for start in range(0, len(z), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            h = self.activations(z[part])
            found[part] = self.softplus(h) - h @ image - constant
        return found

    def picture(self, z: Array) -> Array:
        """Probability of white at one point, `(pixels,)`."""
        logits = self.activations(z[None])[0] @ self.kernel + self.bias
        return np.exp(-np.logaddexp(0.0, -logits))


@cache
def net(name: str) -> Net:
    """A shipped model."""
    return Net(ASSETS / "models" / name)


@cache
def pictures(name: str) -> NDArray[np.uint8]:
    """The test images of a model's data set, `(images, pixels)`."""
    file = "fashion.npz" if name.startswith("fashion") else "mnist.npz"
    with np.load(ASSETS / file) as archive:
        images: NDArray[np.uint8] = archive["x_test"]
    return images.reshape(len(images), -1)


def kl(mean: Array, stddev: Array) -> float:
    """KL(N(mean, diag stddev²) ‖ N(0, I)) of one q; infinite for a point."""
    if not stddev.all():
        return math.inf
    log_var = 2 * np.log(stddev)
    return float(0.5 * np.sum(mean**2 + (np.expm1(log_var) - log_var)))


def lattice(spacing: float, reach: float = REACH) -> tuple[Array, NDArray[np.intp]]:
    """Points of a turned and shifted square lattice within a disc.

    Returns:
        `(points, 2)`, and to which of the four lattices of twice the spacing each belongs.
    """
    count = math.ceil(reach / spacing) + 2
    i, j = np.meshgrid(np.arange(-count, count + 1), np.arange(-count, count + 1), indexing="ij")
    a, b = (i + SHIFT[0]) * spacing, (j + SHIFT[1]) * spacing
    u = np.stack([a * math.cos(TURN) - b * math.sin(TURN), a * math.sin(TURN) + b * math.cos(TURN)])
    inside = (u**2).sum(axis=0) <= reach**2
    return u[:, inside].T, (2 * (i % 2) + j % 2)[inside]


def spread_of_four(terms: Array, masses: Array) -> float:
    """How far a sum may be off, by the four sums it consists of: half of half their range.

    Four sums of twice the spacing err by several times what their average does.
    """
    return float(np.ptp(terms / masses)) / 4


def expected_loss(
    model: Net,
    x: NDArray[np.floating],
    mean: Array,
    stddev: Array,
    settled: float = SETTLED,
    finest: float = FINEST,
    coarsest: float = COARSEST,
) -> Value:
    """E over N(mean, diag stddev²) of the loss of one image, and what the last halving changed.

    Args:
        model: the decoder.
        x: the image, `(pixels,)` in [0, 1].
        mean, stddev: `(2,)`; where both stddevs are zero it is the loss at the mean.
        settled: error at which to stop, in nats.
        finest: spacing at which to stop whatever the error, in stddevs.
        coarsest: spacing to start with.
    """
    if not stddev.any():
        return float(model.losses(x, mean[None])[0]), 0.0
    value, spacing = math.inf, coarsest
    while True:
        u, member = lattice(spacing)
        weight = np.exp(-0.5 * (u**2).sum(axis=1))
        losses = model.losses(x, mean + stddev * u)
        terms = np.bincount(member, weight * losses, 4).astype(np.float64)
        masses = np.bincount(member, weight, 4).astype(np.float64)
        new = float(terms.sum() / masses.sum())
        error, value = max(abs(new - value), spread_of_four(terms, masses)), new
        if error < settled or spacing / 2 < finest:
            return value, error
        spacing /= 2
