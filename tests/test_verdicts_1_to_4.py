"""Verdicts of the claims 1 to 4: both sides of each, from the figures of what they judge."""

import numpy as np
import pytest

from vae_core.experiments import claim_1_expectation as expectation
from vae_core.experiments import claim_2_one_sample as one_sample
from vae_core.experiments import claim_3_mean_objective as mean_objective
from vae_core.experiments import claim_4_point as point
from vae_core.experiments.claim_1_expectation import JUDGED, RunningAverage
from vae_core.experiments.claim_2_one_sample import Ratio, Spread
from vae_core.experiments.claim_4_point import Shrinking
from vae_core.experiments.gradient_record import load_gradients
from vae_core.experiments.least import least
from vae_core.experiments.view import View
from vae_core.maths.estimators import Estimate

from .claim_inputs import assert_figures, holds, pixels, view
from .explore_page import loaded

# --- 1 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reference", "held"), [(101.9, True), (102.1, False), (97.9, False)])
def test_claim_1(reference: float, held: bool) -> None:
    count = np.arange(1.0, 301.0)
    average, error = np.full(300, 100.0), np.full(300, 7.0)
    average[0], error[JUDGED - 1] = 90.0, 1.0
    result = RunningAverage(
        count, average, error, Estimate(np.array([reference]), np.array([0.01]))
    )
    sentence = expectation.verdict(result)
    assert holds(sentence) == held
    off = f"{abs(reference - 90):.2f} nats"
    away = f"lies {abs(reference - 100):.1f} of these"
    integral = f"integral, {reference:.2f} (within 0.01)"
    assert_figures(sentence, off, "After 256", "100.00 ± 1.00", integral, away)


def test_claim_1_changes_with_image_model_and_seed() -> None:
    def sentence(name: str, image: int, seed: int) -> str:
        return expectation.verdict(
            expectation.running_average(loaded(name), pixels(image), seed, JUDGED)
        )

    sentences = [sentence(*a) for a in [("sample", 1367, 0), ("sample", 7, 0), ("mean", 1367, 0)]]
    assert len(set(sentences)) == 3
    found = [holds(sentence("sample", 1367, seed)) for seed in range(40)]
    assert any(found)
    assert not all(found)


# --- 2 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("between", "held", "figure"), [(40.0, True, "20 times"), (4.0, False, "0.50 times")]
)
def test_claim_2(between: float, held: bool, figure: str) -> None:
    unit = np.array([-1.0, 1.0]) / np.sqrt(2)  # of stddev 1
    losses, ratio = 100 + 2 * unit, Ratio(9.0, 1.0)
    result = Spread(losses, 100 + 50 * unit, between, 1.0, 9.0, 3.0, ratio, Ratio(3.0, 0.1))
    sentence = one_sample.verdict(result)
    assert holds(sentence) == held
    assert_figures(
        sentence, "by 2.00 ± 0.00 nats (stddev of 2 ", f"image by {between:.2f} ± 0.00 (", figure
    )


def test_claim_2_changes_with_image_and_model() -> None:
    results = [
        one_sample.spread(loaded(name), pixels(image), 0)
        for name, image in [("sample", 1367), ("sample", 7), ("mean", 1367)]
    ]
    sentences = [one_sample.verdict(result) for result in results]
    assert [holds(sentence) for sentence in sentences] == [True, True, False]
    for sentence, result in zip(sentences, results, strict=True):
        stddev = result.losses.std(ddof=1)
        assert_figures(sentence, f"by {stddev:.2f} ± {result.within_stderr:.2f} nats")
    assert sentences[0] != sentences[1]


def test_claim_2_states_the_measured_shares() -> None:
    noise = load_gradients(one_sample.GRADIENTS)
    for weights in ("start", "trained"):
        sentence = one_sample.gradient_sentence(noise, weights)
        for part in ("encoder", "decoder"):
            one, ten = (noise.row(weights, part, 100, samples) for samples in (1, 10))
            assert_figures(
                sentence,
                f"{100 * one.share:.1f} ± {100 * one.share_stderr:.1f} % of the {part}'s",
                f"{100 * (1 - ten.total / one.total):.1f} ± ",
            )
    assert one_sample.gradient_sentence(noise, "start") != sentence


# --- 3 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quadrature", "mean", "held"),
    [
        (view(152, 6, 155), view(380, 3, 158), True),
        (view(251, 6, 155), view(380, 3, 158), False),  # without noise: another model
        (view(152, 6, 155), view(154, 6, 158), False),  # the mean's bound is as good
        (view(152, 6, 155), view(380, 3, 320), False),  # another decoder, not another q
        (view(152, 6, 155), view(380, 3, np.nan), False),
    ],
)
def test_claim_3(quadrature: View, mean: View, held: bool) -> None:
    sentence = mean_objective.verdict(view(150, 7, 156), quadrature, mean)
    assert holds(sentence) == held
    assert_figures(
        sentence,
        f"by {quadrature.negative_elbo - 157:+.2f} nats with the network trained by quadrature "
        "(no noise)",
        f"by {mean.negative_elbo - 157:+.2f} with the network trained on means (no expectation)",
    )
    evidence = mean.negative_log_evidence - 156
    told = f"by {evidence:+.2f} with the network trained on means."
    assert_figures(sentence, "of the two is not answered." if np.isnan(evidence) else told)


def test_claim_3_changes_with_the_image() -> None:
    models = [loaded(name) for name in mean_objective.COMPARED]
    views = [mean_objective.compare(*models, x=pixels(image)) for image in (1367, 7)]
    sentences = [mean_objective.verdict(*three) for three in views]
    assert [holds(sentence) for sentence in sentences] == [True, False]
    for sentence, (sample, _, mean) in zip(sentences, views, strict=True):
        assert_figures(sentence, f"by {mean.negative_elbo - sample.negative_elbo:+.2f} ")


# --- 4 -------------------------------------------------------------------------------------------


def shrinking(best: float, rise: float = 1.0) -> Shrinking:
    """KL -2 ln c + (c/a)², the loss rising such that -ELBO is least at `best`."""
    factor = np.geomspace(1e-4, 2.0, 61)
    points = np.log(factor)

    def loss(t: np.ndarray) -> Estimate:
        return Estimate(100 + rise * np.exp(2 * t) / best**2, np.zeros(len(t)))

    def bound(t: np.ndarray) -> Estimate:
        return Estimate(loss(t).value + 5 - 2 * t, np.zeros(len(t)))

    return Shrinking(
        factor,
        loss(points).value,
        5 - 2 * points,
        least(bound, points, bound(points)),
        least(loss, points, loss(points)),
        100.0,
        (float(bound(np.zeros(1)).value[0]), 0.0),
    )


@pytest.mark.parametrize(
    ("best", "held", "figure"),
    [
        (1.0, True, "−ELBO is least at c ≈ 1.0"),
        (0.85, True, "−ELBO is least at c ≈ 0.8"),
        (0.6, False, "−ELBO is least at c ≈ 0.6"),
        (0.1, False, "−ELBO is least at c ≈ 0.10"),
        (1.9, False, "−ELBO is least at c ≈ 1.9"),
        (5.0, False, "−ELBO still falls at c = 2.0."),
    ],
)
def test_claim_4(best: float, held: bool, figure: str) -> None:
    result = shrinking(best)
    sentence = point.verdict(result, has_posterior=True)
    assert holds(sentence) == held
    assert_figures(sentence, "rises by 2.00 nats", "nowhere lower than that of the mean", figure)
    assert result.best == pytest.approx(min(best, 2.0), rel=0.02)
    saved = best**-2 - (1 - 2 * np.log(best)) if best < 2 else 0.04 - 0.16 + 2 * np.log(2)
    assert f"{saved:.2f} nats" in sentence or saved == pytest.approx(result.saved, abs=2e-3)


def test_claim_4_without_a_posterior() -> None:
    sentence = point.verdict(shrinking(1.0), has_posterior=False)
    assert holds(sentence)
    assert_figures(sentence, "2.00 nats", "than that of the mean, c = 0", "its q is a point")
    falling = point.verdict(shrinking(1.0, rise=-1.0), has_posterior=False)
    assert_figures(falling, "the loss alone is least at c ≈ 2.0 or beyond, 4.00 nats below")


def test_claim_4_changes_with_image_and_model() -> None:
    chosen = [("sample", 1367), ("sample", 7), ("quadrature", 7), ("mean", 1367)]
    sentences = [
        point.verdict(point.shrink(loaded(name), pixels(image)), True) for name, image in chosen
    ]
    assert [holds(sentence) for sentence in sentences] == [True, True, False, False]
    assert len(set(sentences)) == 4
