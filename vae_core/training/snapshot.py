"""What a training run shows of itself: where some test images lie, and what they cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..maths import gaussian
from ..maths.estimators import monte_carlo
from ..models.data import Dataset, pixels
from ..models.network import Network
from ..models.settings import TrainingConfig

__all__ = ["SHOWN", "Snapshot", "Snapshots", "first_of_each_class", "shown_images"]


SHOWN = 2000  # test images


def shown_images(count: int) -> NDArray[np.intp]:
    """Indices of at most `SHOWN` of `count` images, evenly spaced."""
    return np.arange(0, count, max(1, -(-count // SHOWN)))


def first_of_each_class(labels: NDArray[np.uint8]) -> list[int]:
    """Index of the first image of each class, by class."""
    return [int(np.argmax(labels == label)) for label in np.unique(labels)]


@dataclass(frozen=True)
class Snapshot:
    """A model on the shown test images.

    Attributes:
        mean: of q, `(images, 2)`; the last one is the visitor's drawing, if there is one.
        stddev: of q for the first image of each class and for the drawing, `(marked, 2)`; zero
            without a q.
        measures: averages over the test images in nats: `loss_at_mean`, `sampled_loss` (one z per
            image), `kl`; `stddev`, the median; and `price_stderr`, the standard error of the
            difference of the two losses. None where there is none, or it is infinite.
    """

    mean: Array
    stddev: Array
    measures: dict[str, float | None]


class Snapshots:
    """Takes snapshots of one run, always of the same images with the same ε.

    Args:
        config: of the run.
        dataset: its test images are shown.
        drawn: a picture to be shown with them, `(height, width)` uint8.

    Raises:
        InputError: the data set is missing or damaged.
    """

    def __init__(
        self, config: TrainingConfig, dataset: Dataset, drawn: NDArray[np.uint8] | None = None
    ) -> None:
        images = dataset.images("test")
        chosen = shown_images(len(images))
        self.config = config
        self.x = pixels(images[chosen])
        self.marked = first_of_each_class(dataset.labels("test")[chosen])
        self.drawn = None if drawn is None else pixels(drawn[None])
        self.epsilon = np.random.default_rng(0).standard_normal((len(chosen), 2))

    def take(self, arrays: Mapping[str, NDArray[Any]]) -> Snapshot:
        """A snapshot of the model with these weights, named as in `weights.npz`."""
        network = Network(arrays, self.config.model, self.config.trained_for.head)
        with np.errstate(all="ignore"):  # a diverging run has infinite figures: None below
            mean, stddev = network.encode(self.x)
            at_mean = network.reconstruction_loss(self.x, mean)
            measures = {
                "loss_at_mean": at_mean.mean(),
                "sampled_loss": np.nan,
                "kl": np.nan,
                "stddev": np.nan,
                "price_stderr": np.nan,
            }
            if network.has_posterior:
                z = gaussian.reparameterize(mean, stddev, self.epsilon)
                sampled = network.reconstruction_loss(self.x, z)
                measures["sampled_loss"] = sampled.mean()
                # Of the same images: what differs between them is in neither loss alone.
                measures["price_stderr"] = float(monte_carlo(sampled - at_mean).error)
                measures["kl"] = gaussian.kl(mean, stddev).mean()
                measures["stddev"] = np.median(stddev)
            stddev = stddev[self.marked]
            if self.drawn is not None:
                own_mean, own_stddev = network.encode(self.drawn)
                mean, stddev = np.append(mean, own_mean, 0), np.append(stddev, own_stddev, 0)
        return Snapshot(
            mean,
            stddev,
            {
                name: float(value) if np.isfinite(value) else None
                for name, value in measures.items()
            },
        )
