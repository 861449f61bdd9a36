"""What tests of the claims share: images, hand-made inputs, and how a verdict is read."""

import re
from functools import cache

import numpy as np

from vae_core.experiments.rule import contrary
from vae_core.experiments.view import View
from vae_core.inference.evidence import Evidence
from vae_core.maths.estimators import Estimate

from .explore_page import SHIPPED, loaded, mnist

__all__ = [
    "CONTRARY",
    "NOT_HERE",
    "OTHERS",
    "RANDOM",
    "assert_figures",
    "extremes",
    "holds",
    "pixels",
    "plain",
    "view",
]

NOT_HERE = "**Not here:**"
# However a verdict against the claim begins: see `rule.contrary`.
CONTRARY = tuple(contrary(usual) for usual in (None, True, False))
OTHERS = [name for name in SHIPPED if name != "sample"]
RANDOM = [int(i) for i in np.random.default_rng(2024).choice(10_000, 100, replace=False)]


@cache
def extremes() -> list[int]:
    """Test images with the ten narrowest and the ten widest q of `sample`, by area."""
    order = np.argsort(loaded("sample").stddev.prod(axis=1))
    return [int(i) for i in (*order[:10], *order[-10:])]


def pixels(image: int) -> np.ndarray:
    return mnist().pixels(slice(image, image + 1))[0]


def holds(sentence: str) -> bool:
    """Each verdict ends in a claim in bold letters, or says that it fails."""
    assert sentence.count("**") == 2, sentence
    return not any(start in sentence for start in CONTRARY)


def plain(text: str) -> str:
    """What a page says, without the marks of its symbols."""
    return re.sub("<[^>]+>", "", text)


def assert_figures(sentence: str, *figures: str) -> None:
    for figure in figures:
        assert figure in sentence, (figure, sentence)


def view(loss: float, kl: float, evidence: float) -> View:
    """A view with this expected loss, KL and -log p(x)."""
    none, zero = np.zeros(0), np.zeros(1)
    return View(
        x=np.zeros(784),
        mean=np.zeros(2),
        stddev=np.ones(2),
        scale=1.0,
        z=np.zeros((0, 2)),
        losses=none,
        loss_at_mean=0.0,
        sampled_loss=Estimate(zero, zero),
        expected_loss=Estimate(np.array([loss]), zero),
        kl=kl,
        evidence=Evidence(np.array([-evidence]), zero, zero, np.zeros((1, 2)), np.eye(2)[None]),
    )
