"""What a training run shows of itself: where some test images lie, and what they cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..maths import gaussian
from ..maths.bernoulli import sigmoid
from ..maths.estimators import monte_carlo
from ..models.data import Dataset, pixels
from ..models.frames import SAMPLES, Portrait, first_of_each_class, portrait_image, shown_images
from ..models.network import Network
from ..models.settings import TrainingConfig

__all__ = ["Snapshot", "Snapshots"]


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
        portrait: of one test image, always with the same ε.
    """

    mean: Array
    stddev: Array
    measures: dict[str, float | None]
    portrait: Portrait


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
        self.sitter = pixels(images[[portrait_image(len(images))]])
        self.portrait_epsilon = np.random.default_rng(1).standard_normal((SAMPLES, 2))

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
            portrait = self._portrait(network)
        return Snapshot(
            mean,
            stddev,
            {
                name: float(value) if np.isfinite(value) else None
                for name, value in measures.items()
            },
            portrait,
        )

    def _portrait(self, network: Network) -> Portrait:
        mean, stddev = network.encode(self.sitter)
        z = np.append(mean, gaussian.reparameterize(mean, stddev, self.portrait_epsilon), 0)
        losses = network.reconstruction_loss(self.sitter, z)
        return Portrait(
            np.concatenate([mean, stddev, z[1:]]).astype(np.float32),
            np.rint(255 * np.nan_to_num(sigmoid(network.decode(z)))).astype(np.uint8),
            np.where(np.isfinite(losses), losses, np.nan).astype(np.float32),
        )
