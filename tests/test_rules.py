"""The rule beside the exception: over many test images, from the metadata or computed."""

from dataclasses import replace

import numpy as np
import pytest

from vae_core.experiments import all_experiments, family_record, load_model
from vae_core.experiments import claim_1_expectation as expectation
from vae_core.experiments import claim_2_one_sample as one_sample
from vae_core.experiments import claim_3_mean_objective as mean_objective
from vae_core.experiments import claim_4_point as point
from vae_core.experiments import claim_5_families_of_q as families
from vae_core.experiments import claim_6_prior as prior
from vae_core.experiments import claim_7_recipe as recipe
from vae_core.experiments.balance import balance
from vae_core.experiments.choices import DEFAULT_IMAGE
from vae_core.experiments.rule import average, chosen_images, contrary, share
from vae_core.models.catalogue import MODELS

from .claim_inputs import CONTRARY, assert_figures, pixels
from .explore_page import loaded
from .sentences.dense import net


def test_the_default_image_is_no_exception_in_any_claim() -> None:
    model = load_model(MODELS / "sample")
    for name, experiment in all_experiments().items():
        sentence = experiment(model, image=DEFAULT_IMAGE).verdict
        assert not any(start in sentence for start in CONTRARY), name


def test_a_verdict_against_the_claim_says_what_it_is_against() -> None:
    assert len(set(CONTRARY)) == 3
    assert contrary(None) == "**Not here:**"
    result = point.shrink(loaded("mean"), pixels(7))
    usual = point.rule(balance(loaded("mean")), True).usual
    assert usual is False
    assert "**Not under this network:** the σ" in point.verdict(result, True, usual)


def test_images_are_chosen_evenly() -> None:
    chosen = chosen_images(10_000)
    assert len(chosen) == len(set(chosen.tolist())) == 100
    assert (chosen[0], chosen[-1]) == (0, 9999)
    assert np.ptp(np.diff(chosen)) <= 1
    assert chosen_images(7).tolist() == [*range(7)]
    assert average(np.array([1.0, 2.0, 3.0])) == "2.00 ± 0.58"
    assert average(np.array([-1.0, -1.0])) == "−1.00 ± 0.00"
    assert share(np.array([True, False, True])) == "2 of 3"


def test_rule_1() -> None:
    found = expectation.many(loaded("sample"))
    ruled = expectation.rule(found)
    inside = int((found.away <= 2).sum())
    assert 85 <= inside <= 100
    assert_figures(ruled.sentence, f"For {inside} of 100 test images")
    error = found.one_sample.std(ddof=1) / 10
    assert_figures(ruled.sentence, f"off by {found.one_sample.mean():.2f} ± {error:.2f} nats")
    assert ruled.usual
    assert not expectation.rule(replace(found, away=found.away + 3)).usual


def test_rule_2() -> None:
    for name, usual in (("sample", True), ("mean", False)):
        result = one_sample.spread(loaded(name), pixels(7), 0)
        ruled = one_sample.rule(result)
        small = (result.within < 0.2 * result.between_stddev).sum()
        assert_figures(ruled.sentence, f"{result.within.mean():.2f} ± ", f"For {small:,} of 1,000")
        assert ruled.usual == usual


def test_rule_3_is_that_of_the_metadata() -> None:
    trained = mean_objective.trained_as(*(loaded(name) for name in mean_objective.COMPARED))
    tests = [net(name).record["test"] for name in mean_objective.COMPARED]
    ruled = mean_objective.rule(trained)
    for i in (1, 2):
        change = tests[i]["negative_elbo"] - tests[0]["negative_elbo"]
        assert_figures(ruled.sentence, f"by {change:+.2f}")
    assert ruled.usual
    close = [tests[0], tests[1], {**tests[2], "negative_elbo": tests[0]["negative_elbo"] + 1}]
    assert mean_objective.rule(replace(trained, tests=close)).usual is False
    assert mean_objective.rule(replace(trained, tests=({}, {}, {}))).usual is None


def test_rule_4() -> None:
    for name, usual in (("sample", True), ("mean", False)):
        found = balance(loaded(name))
        ruled = point.rule(found, True)
        near = ((found.factor >= 0.8) & (found.factor <= 1.25) & found.inside).sum()
        assert_figures(ruled.sentence, f"For {near} of 100 test images")
        assert ruled.usual == usual
    ended = replace(found, inside=np.zeros(100, bool))
    assert_figures(point.rule(ended, True).sentence, "For 0 of 100")
    assert point.rule(found, False).usual is None


def test_rule_5_is_that_of_the_record() -> None:
    model = loaded("sample")
    found = family_record.recorded(model)
    assert found is not None
    assert len(found.own) == 100
    assert (found.diagonal >= -1e-3).all()
    assert (found.own >= found.diagonal - 0.02).all()
    ruled = families.rule(found, model.metadata)
    smaller = int((found.diagonal < found.own - found.diagonal).sum())
    assert_figures(ruled.sentence, f"{found.own.mean():.2f} ± ", f"For {smaller} of 100")
    assert ruled.usual
    larger = replace(found, diagonal=found.own)
    assert families.rule(larger, model.metadata).usual is False
    # Without a record the average slack of the metadata is left, without it nothing.
    test = net("sample").record["test"]
    slack = test["negative_elbo"] - test["negative_log_evidence"]
    plain = families.rule(None, model.metadata)
    assert_figures(plain.sentence, f"{slack:.2f} nats above")
    assert plain.usual is None
    # The record agrees with them as well as a hundred images can.
    error = found.own.std(ddof=1) / 10
    assert abs(found.own.mean() - slack) < 4 * error


def test_the_record_can_be_measured_again() -> None:
    model = loaded("sample")
    images = chosen_images(len(model.mean))
    found = family_record.recorded(model)
    assert found is not None
    again = family_record.measure(model, images[[5, 60]])
    for key in ("own", "diagonal", "full"):
        assert getattr(again, key) == pytest.approx(getattr(found, key)[[5, 60]], abs=0.02)
    other = replace(model.metadata, weights_sha256="0" * 64)
    unknown = type("Other", (), {"metadata": other})()
    assert family_record.recorded(unknown) is None


def test_rule_6() -> None:
    found = prior.gains(loaded("sample"), loaded("autoencoder"))
    ruled = prior.rule(found)
    near, far = found.worse[found.inside], found.worse[~found.inside]
    assert len(near) + len(far) == 200
    assert_figures(
        ruled.sentence,
        f"{int((near < 0).sum())} of {len(near)} test images better",
        f"{int((far > 0).sum())} of {len(far)} worse",
        f"{far.mean():.2f} ± ",
        "One run each",
    )
    assert ruled.usual
    # What the average over all images says is that of the metadata.
    tests = [
        net(name).record["test"]["negative_log_evidence"] for name in ("sample", "autoencoder")
    ]
    error = found.worse.std(ddof=1) / np.sqrt(200)
    assert abs(found.worse.mean() - (tests[1] - tests[0])) < 4 * error
    assert not prior.rule(replace(found, worse=-found.worse)).usual
    assert prior.rule(replace(found, radius=np.ones(200))).usual is None


def test_rule_7_is_that_of_the_metadata() -> None:
    metadata = loaded("blog").metadata
    test = net("blog").record["test"]
    ruled = recipe.rule(metadata, 10_000)
    assert_figures(
        ruled.sentence,
        f"prints {test['printed_loss']:.2f} nats",
        f"is {test['negative_elbo']:.2f}",
        f"−log p(x) is {test['negative_log_evidence']:.2f}",
    )
    assert ruled.usual
    same = {**test, "printed_loss": test["negative_elbo"]}
    assert recipe.rule(replace(metadata, test=same), 10_000).usual is False
    assert recipe.rule(replace(metadata, test={}), 10_000).usual is None
