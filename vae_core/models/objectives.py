"""What a network can be trained for: one object an objective, read wherever objectives differ."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["HEADS", "OBJECTIVES", "Head", "Objective"]


@dataclass(frozen=True)
class Head:
    """How the encoder's second output s is read: σ = factor · exp(rate · s).

    Attributes:
        meaning: in words, for `metadata.json`.
        factor, rate: both 0 where there is no q: σ = 0.
    """

    meaning: str
    factor: float
    rate: float


HEADS: dict[str, Head] = {
    "log_var": Head("log σ²", 1.0, 0.5),
    "blog": Head("s, where σ = 0.1 exp(s): the q that the blog's recipe samples", 0.1, 1.0),
    "none": Head("unused: the objective has no q", 0.0, 0.0),
}


@dataclass(frozen=True)
class Objective:
    """One way to train the network.

    Attributes:
        meaning: what is decoded and with which KL, for the command line.
        called: what a network trained so is called, in words that are no symbol.
        points: the z that are decoded, a key of `keras_model.POINTS`.
        sentence: what a network trained so decoded.
        settings: on the page Train, by label, the number of samples each stands for.
        head: how σ is read, a key of `HEADS`.
        has_kl: whether the loss has the KL to the prior.
        many: the same as `sentence` for several samples, with {samples}.
        called_many: the same as `called` for several samples.
    """

    meaning: str
    called: str
    points: str
    sentence: str
    settings: Mapping[str, int]
    head: str = "log_var"
    has_kl: bool = True
    many: str = ""
    called_many: str = ""

    @property
    def draws(self) -> bool:
        """Whether the number of samples matters."""
        return self.points == "sample"


OBJECTIVES: dict[str, Objective] = {
    "sample": Objective(
        "decode samples of q(z|x), KL to the prior",
        "trained on samples",
        "sample",
        "Trained by decoding one random sample of q(z|x): the VAE.",
        {"one sample": 1, "L samples": 10},
        many="Trained by decoding {samples} samples of q(z|x) and averaging their losses.",
        called_many="trained on {samples} samples",
    ),
    "quadrature": Objective(
        "the expectation over q(z|x) by Gauss-Hermite quadrature, KL to the prior",
        "trained by quadrature",
        "quadrature",
        "Trained on the expectation over q(z|x) by quadrature: no randomness.",
        {"quadrature": 1},
    ),
    "mean": Objective(
        "decode the mean of q(z|x), KL to the prior",
        "trained on means",
        "mean",
        "Trained by decoding the mean of q(z|x); the KL term is the same.",
        {"the mean": 1},
    ),
    "autoencoder": Objective(
        "decode the mean, no KL: a plain autoencoder, there is no q",
        "an autoencoder",
        "mean",
        "Trained by decoding the mean, without a KL term: an autoencoder.",
        {"the mean, no KL": 1},
        head="none",
        has_kl=False,
    ),
    "blog": Objective(
        "as the Keras blog prints it: noise of stddev 0.1 exp(s), a KL that reads s as log σ²",
        "the blog's recipe",
        "sample",
        "Trained by the blog's recipe: noise 0.1 eˢ, while its KL reads s as ln σ².",
        {"the blog's recipe": 1},
        head="blog",
    ),
}
