"""Test metrics of a trained model, image by image and on average, in nats."""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array, in_parts
from ..maths import gaussian
from ..maths.estimators import Estimate, predicted_price
from ..models.network import Network
from .evidence import EvidenceGrid
from .integrals import TABLE_CELLS, expected_loss
from .softplus_patches import shared_losses
from .softplus_table import SoftplusTable

__all__ = ["Evaluation", "evaluate", "expected_loss", "half_width"]


IMAGES_AT_ONCE = 1000
REACH = 5.0  # stddevs of q that a lattice must hold
CELL = 1 / 32  # of the table for wide q's: made for many images, finer than a page's


@dataclass(frozen=True)
class Evaluation:
    """What a model makes of each image; every array is `(images,)`, in nats.

    Without a q (head `"none"`), `kl` is infinite and the loss is that of the mean.

    Attributes:
        stddev: of q(z|x), `(images, 2)`.
        loss_at_mean: -log p(x|mean).
        loss: E_q[-log p(x|z)], with a bound on its error.
        kl: KL(q(z|x) ‖ prior).
        log_evidence: log p(x), NaN where the grid refuses to answer.
        log_evidence_error: numerical error of `log_evidence`.
        described: the same for the q that the KL of the blog's recipe describes, else None.
    """

    stddev: Array
    loss_at_mean: Array
    loss: Estimate
    kl: Array
    log_evidence: Array
    log_evidence_error: Array
    described: "Described | None" = None

    @property
    def negative_elbo(self) -> Array:
        return self.loss.value + self.kl

    @property
    def jensen_gap(self) -> Array:
        return self.loss.value - self.loss_at_mean

    def metrics(self) -> dict[str, float | None]:
        """Averages over the images, under the keys that `evaluate --json` prints."""
        finite = bool(np.isfinite(self.kl).all())
        answered = np.isfinite(self.log_evidence)
        loss_error = float(self.loss.error.mean())
        metrics: dict[str, float | None] = {
            "reconstruction_loss_at_mean": float(self.loss_at_mean.mean()),
            "reconstruction_loss": float(self.loss.value.mean()),
            "reconstruction_loss_stderr": loss_error,
            "kl": float(self.kl.mean()) if finite else None,
            "negative_elbo": float(self.negative_elbo.mean()) if finite else None,
            "negative_elbo_stderr": loss_error if finite else None,
            "negative_log_evidence": float(-self.log_evidence[answered].mean())
            if answered.any()
            else None,
            "negative_log_evidence_stderr": float(self.log_evidence_error[answered].mean())
            if answered.any()
            else None,
            "images_without_evidence": float((~answered).sum()),
            "jensen_gap": float(self.jensen_gap.mean()),
            "jensen_gap_stderr": loss_error,
            "predicted_price": float(predicted_price(self.stddev).mean()) if finite else None,
            "median_stddev": float(np.median(self.stddev)) if finite else None,
        }
        if self.described:
            metrics |= {
                "printed_loss": float((self.loss.value + self.described.kl).mean()),
                "printed_kl": float(self.described.kl.mean()),
                "negative_elbo_described": float(
                    (self.described.loss.value + self.described.kl).mean()
                ),
            }
        return metrics


@dataclass(frozen=True)
class Described:
    """The q that the KL of the blog's recipe describes, N(mean, exp(s)), and never samples."""

    stddev: Array
    loss: Estimate
    kl: Array


def half_width(mean: Array, stddev: Array) -> float:
    """Half the side of an evidence grid that holds a model's posteriors and its q's.

    In the outskirts of the plane a true posterior is nearly as wide as the prior, which gives
    out there; an encoder without a KL puts images far outside of it.

    Args:
        mean: of q for many images, `(images, 2)`.
        stddev: `(images, 2)`.
    """
    reach = max(float(np.abs(mean).max()) + 2.0, float((np.abs(mean) + REACH * stddev).max()))
    return float(np.clip(np.ceil(reach), 6.0, 24.0))


def evaluate(network: Network, x: Array, tolerance: float = 0.05) -> Evaluation:
    """Evaluates a model on images `(images, pixels)`.

    Args:
        network: the model.
        x: images in [0, 1].
        tolerance: bound on the error at which the integrals stop for one image, in nats.
    """
    mean, stddev = network.encode(x)
    loss_at_mean = in_parts(
        lambda part: network.reconstruction_loss(x[part], mean[part]), len(x), IMAGES_AT_ONCE
    )
    described_stddev = None
    if network.head == "blog":
        _, s = network.encode_raw(x)
        described_stddev = np.exp(0.5 * s.astype(np.float64))
    widest = stddev if described_stddev is None else np.maximum(stddev, described_stddev)
    grid = EvidenceGrid(network, half_width(mean, widest))
    table = SoftplusTable(network, spacing=CELL)

    def of_all(stddev: Array) -> Estimate:
        return _expected_losses(network, grid, table, x, mean, stddev, tolerance)

    described = None
    certain = Estimate(loss_at_mean, np.zeros(len(x)))
    loss = of_all(stddev) if network.has_posterior else certain
    if described_stddev is not None:
        described = Described(
            described_stddev,
            of_all(described_stddev),
            gaussian.kl(mean, described_stddev),
        )
    evidence = grid(x, tolerance)
    return Evaluation(
        stddev,
        loss_at_mean,
        loss,
        gaussian.kl(mean, stddev),
        evidence.log_evidence,
        evidence.error,
        described,
    )


def _expected_losses(
    network: Network,
    grid: EvidenceGrid,
    table: SoftplusTable,
    x: Array,
    mean: Array,
    stddev: Array,
    tolerance: float,
) -> Estimate:
    """E_q of the loss of each image, on what many images share where that is cheaper."""
    value, error = np.empty(len(x)), np.full(len(x), np.inf)
    narrow = np.flatnonzero(table.level(mean, stddev, TABLE_CELLS) < 0)
    if len(narrow):
        settled, found = shared_losses(network, x[narrow], mean[narrow], stddev[narrow], tolerance)
        value[narrow[settled]], error[narrow[settled]] = found.value, found.error
    rest = np.flatnonzero(np.isinf(error))
    if len(rest):
        one = expected_loss(
            network, grid, x[rest], mean[rest], stddev[rest], tolerance, table=table
        )
        value[rest], error[rest] = one.value, one.error
    return Estimate(value, error)
