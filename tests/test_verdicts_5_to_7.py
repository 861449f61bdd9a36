"""Verdicts of the claims 5 to 7: both sides of each, from the figures of what they judge."""

import numpy as np
import pytest

from vae_core.experiments import claim_5_families_of_q as families_of_q
from vae_core.experiments import claim_6_prior as prior
from vae_core.experiments import claim_7_recipe as recipe
from vae_core.experiments.claim_6_prior import Generation
from vae_core.experiments.claim_7_recipe import Printed
from vae_core.experiments.rule import contrary
from vae_core.inference.families import Fit
from vae_core.inference.latent import Field

from .claim_inputs import CONTRARY, assert_figures, holds, pixels, view
from .explore_page import loaded


def fitted(slack: float) -> Fit:
    return Fit("diagonal", {}, kl=1.0, negative_elbo=100 + slack, slack=slack, error=0.0)


# --- 5 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("diagonal", "full", "held"),
    [(0.5, 0.1, True), (0.5, 0.45, True), (1.4, 0.0, True), (1.6, 1.0, False)],
)
def test_claim_5(diagonal: float, full: float, held: bool) -> None:
    sentence = families_of_q.verdict(view(98, 5, 100), fitted(diagonal), fitted(full))
    assert holds(sentence) == held
    assert_figures(
        sentence,
        "3.00 nats above",
        f"{diagonal:.2f} because even the best diagonal Gaussian",
        f"{3 - diagonal:.2f} because of one encoder",
        f"leave {full:.2f}",
    )


def test_claim_5_changes_with_image_and_model() -> None:
    chosen = [("sample", 0), ("sample", 7), ("mean", 0)]
    found = [families_of_q.fit_simple(loaded(name), pixels(image)) for name, image in chosen]
    sentences = [families_of_q.verdict(f.view, f.fits["diagonal"], f.fits["full"]) for f in found]
    assert len(set(sentences)) == 3
    for one, sentence in zip(found, sentences, strict=True):
        first = one.fits["diagonal"].slack
        assert holds(sentence) == (first < one.view.slack - first)
    for sentence, one in zip(sentences, found, strict=True):
        slack = families_of_q.shown_slack(one.view.negative_elbo, one.view)
        assert slack == pytest.approx(one.view.slack, abs=0.01)
        assert_figures(sentence, f"encoder's q is {slack:.2f}")
        # One -log p(x) for the whole table, so that its columns add up.
        assert one.view.negative_log_evidence == -one.posterior.log_evidence


# --- 6 -------------------------------------------------------------------------------------------


def generation(holes: float, test_evidence: float, evidence: float, radius: float) -> Generation:
    name = "the autoencoder" if test_evidence > 150 else "the network trained on samples"
    field = Field(np.zeros((2, 2)), (-4, 4, -4, 4))
    return Generation(name, field, holes, 0.003, test_evidence, evidence, radius=radius)


@pytest.mark.parametrize(
    ("evidence", "radius", "held"),
    [(188.25, 7.0, True), (148.25, 1.0, True), (188.25, 1.0, False), (148.25, 7.0, False)],
)
def test_claim_6(evidence: float, radius: float, held: bool) -> None:
    sample = generation(0.07, 143.61, 150.0, 1.0)
    other = generation(0.39, 171.73, evidence, radius)
    for usual in (None, True, False):
        sentence = prior.verdict(sample, other, usual)
        word = "worse" if evidence > 150 else "better"
        assert_figures(sentence, "39.0 % of", "7.0 % for the network trained on samples")
        assert_figures(sentence, "171.73 nats", "against 143.61")
        assert_figures(sentence, f"it explains {word}, {evidence:.2f} against 150.00")
        assert_figures(sentence, f"radius {radius:.1f}, where the prior")
        assert ("where the prior looks" in sentence) == (radius < 3)
        assert held != any(start in sentence for start in CONTRARY)
        assert ("as most images" in sentence) == (held and bool(usual))
        assert held or contrary(usual) in sentence


@pytest.mark.parametrize("evidence", [(np.nan, 150.0), (150.0, np.nan), (np.nan, np.nan)])
def test_claim_6_judges_nothing_without_evidence(evidence: tuple[float, float]) -> None:
    sentence = prior.verdict(
        generation(0.07, 143.61, evidence[0], 1.0), generation(0.39, 171.73, evidence[1], 1.0)
    )
    assert_figures(sentence, "too far out", "not answered")
    assert holds(sentence)
    assert "it explains" not in sentence


def test_claim_6_concludes_nothing_from_an_autoencoder_without_holes() -> None:
    sentence = prior.verdict(
        generation(0.07, 143.61, 150.0, 1.0), generation(0.05, 171.73, 188.25, 7.0)
    )
    assert "explained worse" not in sentence
    assert_figures(sentence, "5.0 % of", "7.0 % for the network")


def test_claim_6_changes_with_the_image() -> None:
    pairs = [
        [prior.generation(loaded(name), pixels(image)) for name in ("sample", "autoencoder")]
        for image in (1367, 7)
    ]
    sentences = [prior.verdict(*pair) for pair in pairs]
    assert ["explains better" in sentence for sentence in sentences] == [True, False]
    assert all(holds(sentence) for sentence in sentences)  # the default image is no exception
    for sentence, (sample, autoencoder) in zip(sentences, pairs, strict=True):
        assert_figures(sentence, f"{autoencoder.evidence:.2f} against {sample.evidence:.2f}")


# --- 7 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kl_described", "held", "figure"),
    [
        (3.0, True, "5.00 nats below the bound"),
        (7.8, False, "0.20 nats"),
        (9.0, False, "1.00 nats above the bound"),
    ],
)
def test_claim_7(kl_described: float, held: bool, figure: str) -> None:
    ones = np.ones(2)
    found = Printed(0 * ones, 0.1 * ones, ones, 150.0, kl_sampled=8.0, kl_described=kl_described)
    sentence = recipe.verdict(found)
    assert holds(sentence) == held
    assert_figures(sentence, f"{150 + kl_described:.2f} nats;", "is 158.00.", figure)


def test_claim_7_changes_with_the_image() -> None:
    found = [recipe.printed(loaded("blog"), pixels(image)) for image in (1367, 7)]
    sentences = [recipe.verdict(one) for one in found]
    assert all(holds(sentence) for sentence in sentences)
    for sentence, one in zip(sentences, found, strict=True):
        assert_figures(sentence, f"{one.loss + one.kl_described:.2f}")
        assert_figures(sentence, f"{one.loss + one.kl_sampled:.2f}")
    assert sentences[0] != sentences[1]
