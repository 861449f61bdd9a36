"""A number as every place that shows it needs it: named once, here."""

import math
from dataclasses import dataclass, replace

__all__ = ["KINDS", "Quantity", "nats"]


@dataclass(frozen=True)
class Quantity:
    """A number with its name, its error and what it means.

    Attributes:
        key: in tables and scripts.
        name: in words.
        symbol: as HTML.
        sentence: what it means.
        colour: class of the symbol's colour; empty for none.
        beside: key of the number in whose row a panel shows this one; empty for a row of its own.
        value: in nats; NaN where there is none.
        error: how far the value may be off; 0 for what is exact, NaN where there is none.
        missing: stands in place of a value that is NaN.
    """

    key: str
    name: str
    symbol: str
    sentence: str
    colour: str = ""
    beside: str = ""
    value: float = math.nan
    error: float = math.nan
    missing: str = "not answered"

    def of(self, value: float, error: float = 0.0, missing: str = "not answered") -> "Quantity":
        """This kind of number with a value; what has no finite value has no error either."""
        error = error if math.isfinite(value) else math.nan
        return replace(self, value=value, error=error, missing=missing)

    @property
    def shown(self) -> str:
        """The value as the page writes it."""
        return self.missing if math.isnan(self.value) else nats(self.value)

    @property
    def certainty(self) -> str:
        """The error as the page writes it."""
        if not math.isfinite(self.error):
            return ""
        return f"± {self.error:.2f}" if self.error >= 0.005 else "exact"


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
            "average.",
            "sample",
        ),
        Quantity(
            "price",
            "Price of sampling",
            "E<sub>q</sub>[loss] − loss at μ",
            "The expected loss over all of q, integrated, minus the loss at the mean. Beside it "
            "what theory predicts where σ is optimal, (2 − tr Σ)/2, times the square of the "
            "multiplier.",
            "sample",
        ),
        Quantity(
            "predicted_price",
            "predicted",
            "(2 − tr Σ)/2",
            "What theory predicts of the price where σ is optimal, times the square of the "
            "multiplier.",
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
        ),
        Quantity(
            "negative_log_evidence",
            "−log p(x)",
            "−ln ∫ p(x|z) p(z) dz",
            "The decoder's exact evidence, integrated over the plane. For grey pixels it bounds "
            "the mean over black-and-white versions of the image, each pixel white with the "
            "probability its grey level states.",
        ),
        Quantity(
            "slack",
            "Slack of the bound",
            "KL(q ‖ p(z|x))",
            "−ELBO minus −log p(x): how far q is from the true posterior.",
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
