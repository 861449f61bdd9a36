"""Verdicts of the claims 8 and 9: every outcome, and the figures against other computations."""

from dataclasses import replace

import numpy as np
import pytest

from vae_core.experiments import claim_8_trained_on_means as on_means
from vae_core.experiments import claim_9_one_nat as one_nat
from vae_core.experiments.balance import balance
from vae_core.experiments.claim_3_mean_objective import compare, trained_as
from vae_core.experiments.claim_9_one_nat import Slopes
from vae_core.experiments.rule import contrary
from vae_core.maths import gaussian

from .claim_inputs import assert_figures, holds, pixels, view
from .explore_page import loaded
from .sentences.dense import evidence, expected, kl, net

# --- 8 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at_mean", "price", "evidence", "held", "phrase"),
    [
        (143.0, 290.0, 144.6, True, "Lost: the trained number is no bound"),
        (143.0, 290.0, 143.2, False, "lies above −log p(x), as no rule ensures"),
        (143.0, 5.0, 144.6, False, "samples of this q cost no more than 10 nats"),
        (143.0, 290.0, np.nan, None, "nothing to compare it with"),
    ],
)
def test_claim_8(
    at_mean: float, price: float, evidence: float, held: bool | None, phrase: str
) -> None:
    mean = replace(view(at_mean + price, 0.6, evidence), loss_at_mean=at_mean)
    sample = replace(view(144.0, 6.3, 143.6), loss_at_mean=143.0)
    for usual in (None, True, False):
        sentence = on_means.verdict(sample, mean, usual=usual)
        assert_figures(sentence, "the trained number is 143.60 nats", phrase, "One run each")
        assert_figures(sentence, f"−ELBO of its q {at_mean + price + 0.6:.2f}")
        if held is not None:
            assert holds(sentence) == held
            assert held or contrary(usual) in sentence
    assert ("it is 143.60" in on_means.verdict(sample, mean)) == (held is not None)


def test_claim_8_leaves_open_what_the_error_leaves_open() -> None:
    mean = replace(view(433.0, 0.6, 143.605), loss_at_mean=143.0)
    mean = replace(mean, evidence=replace(mean.evidence, error=np.array([0.01])))
    sentence = on_means.verdict(view(144.0, 6.3, 143.6), mean)
    assert "too close to tell" in sentence


@pytest.mark.parametrize(("image", "held"), [(1367, True), (7, False)])
def test_claim_8_says_what_is_so_of_an_image(image: int, held: bool) -> None:
    models = [loaded(name) for name in on_means.COMPARED]
    x = pixels(image)
    sample, mean = compare(*models, x=x)
    sentence = on_means.verdict(sample, mean)
    assert holds(sentence) == held
    own, exact = net("mean"), x.astype(np.float64)
    (code,), (stddev,) = own.encode(exact[None])
    told = float(own.loss(exact, code[None])[0]) + kl(code, stddev)
    log_p, off = evidence(own, exact)
    assert (told < log_p) == held
    assert_figures(sentence, f"the trained number is {told:.2f} nats")
    loss, more = expected(own, exact, code, stddev, 129)
    assert mean.negative_elbo == pytest.approx(loss + kl(code, stddev), abs=0.06 + more)
    assert mean.negative_log_evidence == pytest.approx(log_p, abs=0.02 + off)


def test_the_rule_of_claim_8_is_that_of_the_metadata() -> None:
    sample, mean = (loaded(name) for name in on_means.COMPARED)
    tests = [net(name).record["test"] for name in on_means.COMPARED]
    found = on_means.below(mean)
    ruled = on_means.rule(trained_as(sample, mean), found)
    told = tests[1]["reconstruction_loss_at_mean"] + tests[1]["kl"]
    assert told < tests[1]["negative_log_evidence"]
    assert_figures(
        ruled.sentence,
        f"trained number of {told:.2f} nats, which lies below",
        f"−log p(x) = {tests[1]['negative_log_evidence']:.2f}, so that it bounds nothing",
        f"−ELBO of its q is {tests[1]['negative_elbo']:.2f}",
        f"costs it {tests[1]['jensen_gap']:.2f} nats",
        f"trained on samples {tests[0]['jensen_gap']:.2f}",
        f"against {tests[0]['negative_log_evidence']:.2f}",
        f"below for {int(found.sum())} of {len(found)} images",
        "One run each",
    )
    assert ruled.usual
    assert 0.5 < found.mean() < 1
    # Where the averages say the opposite, so does the sentence.
    trained = trained_as(sample, mean)
    higher = {**tests[1], "negative_log_evidence": told - 1}
    other = on_means.rule(replace(trained, tests=(tests[0], higher)))
    assert "lies above" in other.sentence
    assert "bounds nothing" not in other.sentence
    assert other.usual is False
    unknown = on_means.rule(replace(trained, tests=({}, {})))
    assert unknown.usual is None


def test_moving_the_codes_changes_no_loss_and_takes_the_penalty_away() -> None:
    """By an own decoder: codes times a, the first kernel divided by a."""
    model, own = loaded("mean"), net("mean")
    moved = on_means.shrunk(model)
    images = np.unique(np.linspace(0, 9999, 100).round().astype(int))
    x = np.stack([pixels(int(i)) for i in images]).astype(np.float64)
    mean, stddev = own.encode(x)
    for factor in (1.0, 0.1, 0.01):
        changed = dict(own.weights)
        kernel = changed["decoder/dense_0/kernel"] / factor
        other = replace(own, weights={**changed, "decoder/dense_0/kernel": kernel})
        loss = np.mean(
            [other.loss(one, factor * m[None])[0] for one, m in zip(x, mean, strict=True)]
        )
        i = int(np.flatnonzero(np.isclose(moved.factor, factor))[0])
        assert moved.loss[i] == pytest.approx(loss, abs=2e-3)
        assert moved.penalty[i] == pytest.approx(
            gaussian.kl(factor * mean, stddev).mean(), abs=1e-6
        )
    assert moved.drift < 1e-3
    assert moved.penalty[-1] < 1e-3 * moved.penalty[0]
    sentence = on_means.shrunk_sentence(moved)
    assert_figures(sentence, f"goes from {moved.penalty[0]:.2f} to 0.0000")
    assert "has no minimum" in sentence
    # The shipped network itself is as it was.
    assert np.array_equal(
        model.network.decoder_hidden[0].kernel, own.weights["decoder/dense_0/kernel"]
    )


def test_longer_training_is_told_with_its_runs() -> None:
    sentence = on_means.longer_sentence()
    assert_figures(sentence, "140.79", "140.63", "144.18", "142.99", "500 epochs", "one run each")


# --- 9 -------------------------------------------------------------------------------------------


def curves(price: float, half: float, inside: bool = True) -> Slopes:
    line = np.linspace(0.01, 0.1, 5)
    return Slopes(line, line, 2 * line, 2 - line, 0.03, (price, 0.0), half, 2, inside)


@pytest.mark.parametrize(
    ("price", "inside", "held", "phrase"),
    [
        (1.03, True, True, "About half a nat for each dimension: 0.52 in each of 2"),
        (0.80, True, True, "0.40 in each of 2"),
        (0.60, True, False, "no parabola as far as q reaches"),
        (-1.6, True, False, "no parabola as far as q reaches"),
        (1.0, False, False, "do not balance at a σ that is tried"),
    ],
)
def test_claim_9(price: float, inside: bool, held: bool, phrase: str) -> None:
    for usual in (None, True, False):
        sentence = one_nat.verdict(curves(price, 0.998, inside), usual)
        assert holds(sentence) == held
        assert_figures(sentence, phrase)
        assert held or contrary(usual) in sentence
        if inside:
            assert_figures(sentence, f"{price:.2f} nats".replace("-", "−"), "(d − tr Σ)/2 = 1.00")


@pytest.mark.parametrize(("name", "image"), [("sample", 1367), ("mean", 1367), ("sample", 18)])
def test_the_slopes_are_those_of_the_curves(name: str, image: int) -> None:
    model, x = loaded(name), pixels(image)
    found = one_nat.slopes(model, x)
    # Of the price by differences of an own integral, of the KL by its formula.
    own, exact = net(name), x.astype(np.float64)
    (mean,), (stddev,) = own.encode(exact[None])
    unit = found.best / np.sqrt(np.mean(stddev**2)) * stddev
    i = int(np.abs(found.stddev - found.best).argmin())
    step, c = 0.02, found.stddev[i] / found.best
    up, down = (expected(own, exact, mean, c * np.exp(s) * unit)[0] for s in (step, -step))
    assert found.rising[i] == pytest.approx((up - down) / (2 * step), abs=0.08)
    up, down = (kl(mean, c * np.exp(s) * unit) for s in (step, -step))
    assert found.falling[i] == pytest.approx(-(up - down) / (2 * step), abs=1e-3)
    # Where -ELBO is least they balance, and the price is half of either.
    at_best = np.interp(np.log(found.best), np.log(found.stddev), found.rising - found.falling)
    assert abs(at_best) < 0.2
    loss, off = expected(own, exact, mean, unit)
    price = loss - float(own.loss(exact, mean[None])[0])
    assert found.best_price[0] == pytest.approx(price, abs=0.01 + off)
    assert found.half_slope == pytest.approx(0.5 * (2 - np.sum(unit**2)))
    assert holds(one_nat.verdict(found))


def test_an_image_where_the_loss_is_no_parabola_is_an_exception() -> None:
    found = one_nat.slopes(loaded("sample"), pixels(505))
    sentence = one_nat.verdict(found, one_nat.rule(balance(loaded("sample")), "it").usual)
    assert "**This image is an exception:**" in sentence


@pytest.mark.parametrize("name", ["sample", "mean"])
def test_the_rule_of_claim_9(name: str) -> None:
    """The rough balance of 100 images, a few of them against exact ones."""
    model = loaded(name)
    found = balance(model)
    images = np.unique(np.linspace(0, 9999, 100).round().astype(int))
    assert len(found.factor) == len(images)
    apart = []
    for i in (3, 20, 42, 60, 77):
        exact = one_nat.slopes(model, pixels(int(images[i])))
        stddev = found.factor[i] * np.sqrt(np.mean(model.stddev[images[i]] ** 2))
        assert stddev == pytest.approx(exact.best, rel=0.3)  # the least of a flat curve
        apart.append(abs(found.price[i] - exact.best_price[0]))
    assert np.median(apart) < 0.12
    ruled = one_nat.rule(found, "the network")
    price = found.price[found.inside]
    assert np.median(price) == pytest.approx(1.0, abs=0.1)
    close = np.abs(price - found.half_slope[found.inside]) <= one_nat.CLOSE
    assert_figures(
        ruled.sentence,
        f"median of {np.median(price):.2f} nats over {len(price)} test images",
        f"from {np.quantile(price, 0.25):.2f} to {np.quantile(price, 0.75):.2f}",
        f"For {int(close.sum())} of {len(price)} the two",
    )
    assert ruled.usual == (close.mean() > 0.5)
    nowhere = replace(found, inside=np.zeros(len(found.factor), bool))
    assert one_nat.rule(nowhere, "the network").usual is None
