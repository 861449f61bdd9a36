"""A number as every place that shows it needs it: named once, here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

__all__ = [
    "BOUND",
    "EXACT",
    "KINDS",
    "LEAST_SAMPLES",
    "STANDARD_ERROR",
    "Quantity",
    "bound",
    "closed",
    "nats",
    "plus_minus",
    "remainder",
]

STANDARD_ERROR, BOUND = "standard error", "bound"  # the two kinds of error
LEAST_SAMPLES = 8  # of an average with a standard error: that of fewer is itself too uncertain
EXACT = 0.005  # nats: half a unit of the last digit shown


@dataclass(frozen=True)
class Quantity:
    """A number with its name, its error and what it means.

    Attributes:
        key: in tables and scripts.
        name: in words.
        symbol: as HTML.
        sentence: what it means.
        colour: class of the symbol's colour; empty for none.
        beside: key of the number in whose row a table shows this one; empty for a row of its own.
        error_kind: `STANDARD_ERROR` of an average over samples, `BOUND` of an integral; empty for
            what is computed in closed form.
        value: in nats; NaN where there is none.
        error: how far the value may be off; 0 for what is exact, NaN where none is stated.
        missing: stands in place of a value that is NaN.
        closing: the value as it has to be shown for a sum to close; NaN to round `value`.
    """

    key: str
    name: str
    symbol: str
    sentence: str
    colour: str = ""
    beside: str = ""
    error_kind: str = ""
    value: float = math.nan
    error: float = math.nan
    missing: str = "not answered"
    closing: float = math.nan

    def of(self, value: float, error: float = 0.0, missing: str = "not answered") -> "Quantity":
        """This kind of number with a value; what has no finite value has no error either."""
        error = error if math.isfinite(value) else math.nan
        return replace(self, value=value, error=error, missing=missing)

    @property
    def shown(self) -> str:
        """The value as the page writes it."""
        if math.isnan(self.value):
            return self.missing
        return nats(self.value if math.isnan(self.closing) else self.closing)

    @property
    def certainty(self) -> str:
        """The error as the page writes it; an average over samples is never exact."""
        if not math.isfinite(self.error):
            return ""
        if self.error_kind == STANDARD_ERROR:
            return plus_minus(self.error)
        return bound(self.error) or "exact"


KINDS: dict[str, Quantity] = {
    kind.key: kind
    for kind in (
        Quantity(
            "loss_at_mean",
            "Loss at the mean",
            "−log p(x|μ)",
            "Reconstruction loss of the picture decoded at the mean of q: binary cross-entropy "
            "summed over the pixels.",
            "mean",
        ),
        Quantity(
            "sampled_loss",
            "Loss over samples",
            "1/K Σ −log p(x|z<sub>k</sub>)",
            "The same loss averaged over the K samples shown, with the standard error of that "
            f"average from {LEAST_SAMPLES} samples on.",
            "sample",
            error_kind=STANDARD_ERROR,
        ),
        Quantity(
            "price",
            "Price of σ",
            "E<sub>q</sub>[loss] − loss at μ",
            "The expected loss over all of q, integrated, minus the loss at the mean. Beside it, "
            "where the price trained σ, what the optimum of the model's objective predicts: for "
            "−ELBO (2 − tr Σ)/2, times the square of the multiplier.",
            "sample",
            error_kind=BOUND,
        ),
        Quantity(
            "predicted_price",
            "predicted",
            "(2 − tr Σ)/2",
            "What the optimum of the model's objective predicts of the price, where the price "
            "trained σ: for −ELBO (2 − tr Σ)/2, times the square of the multiplier.",
            beside="price",
        ),
        Quantity(
            "kl",
            "KL to the prior",
            "KL(q ‖ N(0, I))",
            "How far q is from the prior: what it costs to say where z is, as precisely as q does.",
        ),
        Quantity(
            "negative_elbo",
            "−ELBO",
            "E<sub>q</sub>[loss] + KL",
            "The sum of the expected loss and the KL: what a VAE minimises, and an upper bound "
            "on −log p(x) for any q.",
            error_kind=BOUND,
        ),
        Quantity(
            "negative_log_evidence",
            "−log p(x)",
            "−ln ∫ p(x|z) p(z) dz",
            "The decoder's exact evidence, integrated over the plane. For grey pixels it bounds "
            "the mean over black-and-white versions of the image, each pixel white with the "
            "probability its grey level states.",
            error_kind=BOUND,
        ),
        Quantity(
            "slack",
            "Slack of the bound",
            "KL(q ‖ p(z|x))",
            "−ELBO minus −log p(x): how far q is from the true posterior.",
            error_kind=BOUND,
        ),
    )
}


def nats(value: float) -> str:
    """A number of nats as the page writes it."""
    if math.isnan(value):
        return "not answered"
    if math.isinf(value):
        return "∞"
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def bound(error: float) -> str:
    """The bound of an integral, rounded up in its last digit; nothing below half a unit of it."""
    if not math.isfinite(error) or error < EXACT:
        return ""
    return f"within {math.ceil(100 * error - 1e-9) / 100:.2f}"


def plus_minus(error: float) -> str:
    """One standard error of an average over samples."""
    return f"± {error:.2f}"


def remainder(total: float, *parts: float) -> float:
    """What the last part of a sum has to show so that all parts add up in two decimals."""
    return round(total, 2) - sum(round(part, 2) for part in parts)


def closed(rows: Sequence[Quantity]) -> list[Quantity]:
    """The numbers of a view such that the sums among them close in the digits shown.

        loss at the mean + price + KL = -ELBO,    -ELBO - (-log p(x)) = slack

    The loss at the mean takes what the others leave, at most one unit of the last digit from its
    own rounding; slack is the difference of the two numbers shown. Values and errors stay, and
    with them what is called exact.
    """
    value = {row.key: row.value for row in rows}
    total = value["negative_elbo"]
    closing = {
        "loss_at_mean": remainder(total, value["price"], value["kl"]),
        "slack": remainder(total, value["negative_log_evidence"]),
    }
    # A sum of which a part is infinite, or not answered, leaves no remainder.
    return [
        replace(row, closing=closing[row.key])
        if math.isfinite(closing.get(row.key, math.nan))
        else row
        for row in rows
    ]
