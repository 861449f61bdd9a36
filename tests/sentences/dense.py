"""Numbers for the sentences by another road: own network, own lattices, nothing of `vae_core`."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

ASSETS = Path(__file__).resolve().parents[2] / "assets"
NAMES = tuple(sorted(folder.name for folder in (ASSETS / "models").iterdir() if folder.is_dir()))

Pair = tuple[float, float]  # a value, and how far it may be off


@cache
def images(name: str) -> np.ndarray:
    """The test images of a model's data set in [0, 1], `(images, pixels)` float64."""
    file = "fashion.npz" if name.startswith("fashion") else "mnist.npz"
    with np.load(ASSETS / file) as archive:
        return archive["x_test"].reshape(len(archive["x_test"]), -1) / np.float32(255)


@dataclass(frozen=True)
class Net:
    """A model's two networks, from its files."""

    name: str
    weights: dict[str, np.ndarray]
    record: dict

    @property
    def depth(self) -> int:
        return len(self.record["training"]["model"]["hidden"])

    def layer(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self.weights[f"{name}/kernel"] + self.weights[f"{name}/bias"]

    def hidden(self, part: str, x: np.ndarray) -> np.ndarray:
        for i in range(self.depth):
            x = np.maximum(self.layer(f"{part}/dense_{i}", x), 0)
        return x

    def head(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        h = self.hidden("encoder", np.asarray(x, np.float32))
        pair = self.layer("encoder/mean", h), self.layer("encoder/log_var", h)
        return pair[0].astype(np.float64), pair[1].astype(np.float64)

    def encode(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, s = self.head(x)
        kind = self.record["head"]
        if kind == "none":
            return mean, np.zeros_like(mean)
        return mean, 0.1 * np.exp(s) if kind == "blog" else np.exp(s / 2)

    def logits(self, z: np.ndarray) -> np.ndarray:
        return self.layer("decoder/logits", self.hidden("decoder", np.asarray(z, np.float32)))

    def picture(self, z: np.ndarray) -> np.ndarray:
        return 0.5 * (1 + np.tanh(0.5 * self.logits(z).astype(np.float64)))

    def loss(self, x: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Cross-entropy of one image at points, summed over pixels in float64."""
        found = []
        for part in np.array_split(z, max(1, len(z) // 2000)):
            logits = self.logits(part)
            soft = np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits)))
            found.append(soft.sum(axis=1, dtype=np.float64) - logits.astype(np.float64) @ x)
        return np.concatenate(found)


@cache
def net(name: str) -> Net:
    folder = ASSETS / "models" / name
    with np.load(folder / "weights.npz") as archive:
        weights = {key: archive[key] for key in archive.files}
    return Net(name, weights, json.loads((folder / "metadata.json").read_text()))


def kl(mean: np.ndarray, stddev: np.ndarray) -> float:
    return float(0.5 * np.sum(mean**2 + stddev**2 - 1 - 2 * np.log(stddev)))


def expected(model: Net, x: np.ndarray, mean: np.ndarray, stddev: np.ndarray, n: int = 65) -> Pair:
    """E over N(mean, diag stddev²) of the loss: the trapezoid over ±7 stddevs.

    The error is the change from every second point to all of them.
    """
    e = np.linspace(-7, 7, n)
    grid = np.stack(np.meshgrid(e, e, indexing="ij"), -1)
    weight = np.exp(-0.5 * (grid**2).sum(-1))
    losses = model.loss(x, (mean + stddev * grid).reshape(-1, 2)).reshape(n, n)
    fine = float((weight * losses).sum() / weight.sum())
    half = weight[::2, ::2]
    coarse = float((half * losses[::2, ::2]).sum() / half.sum())
    return fine, abs(fine - coarse)


@cache
def _coarse(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points over ±24, the decoder's logits' offset there, and its last hidden layer."""
    model = net(name)
    half, n = (24.0, 241) if name == "autoencoder" else (8.0, 161)
    axis = np.linspace(-half, half, n)
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    hidden, offset = [], []
    for part in np.array_split(z, len(z) // 2000):
        h = model.hidden("decoder", np.asarray(part, np.float32))
        hidden.append(h)
        logits = model.layer("decoder/logits", h)
        offset.append(np.logaddexp(0, logits).sum(axis=1, dtype=np.float64))
    return z, np.concatenate(offset), np.concatenate(hidden)


def evidence(model: Net, x: np.ndarray, last: int = 97) -> Pair:
    """-log p(x): a lattice over the box that holds the posterior, found by finer and finer ones."""
    z, offset, hidden = _coarse(model.name)
    kernel, bias = model.weights["decoder/logits/kernel"], model.weights["decoder/logits/bias"]
    loss = offset - hidden @ (kernel @ x.astype(np.float32)) - float(bias.astype(np.float64) @ x)
    joint = -loss - 0.5 * (z**2).sum(axis=1) - np.log(2 * np.pi)
    step = z[1, 1] - z[0, 1]
    for margin, n in ((100.0, 61), (60.0, 61), (30.0, 61), (30.0, last)):
        near = z[joint > joint.max() - margin]
        low, high = near.min(axis=0) - 1.5 * step, near.max(axis=0) + 1.5 * step
        axes = [np.linspace(a, b, n) for a, b in zip(low, high, strict=True)]
        z = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
        joint = -model.loss(x, z) - 0.5 * (z**2).sum(axis=1) - np.log(2 * np.pi)
        step = max((high - low) / (n - 1))
    area = np.prod((high - low) / (n - 1))
    weight = np.exp(joint - joint.max()).reshape(n, n)
    fine, coarse = weight.sum() * area, weight[::2, ::2].sum() * 4 * area
    value = float(-(joint.max() + np.log(fine)))
    return value, abs(float(np.log(fine / coarse)))


def gradient(model: Net, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """∇ of the loss at points, by hand: `(points, 2)`."""
    h, passes = np.asarray(z, np.float32), []
    for i in range(model.depth):
        h = np.maximum(model.layer(f"decoder/dense_{i}", h), 0)
        passes.append(h > 0)
    chance = 0.5 * (1 + np.tanh(0.5 * model.layer("decoder/logits", h)))
    back = (chance - x) @ model.weights["decoder/logits/kernel"].T
    for i in reversed(range(model.depth)):
        back = (back * passes[i]) @ model.weights[f"decoder/dense_{i}/kernel"].T
    return back.astype(np.float64)
