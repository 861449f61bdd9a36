"""What the claims show carries its error: a bound after an integral, ± after samples."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from vae_core.experiments import claim_1_expectation as expectation
from vae_core.experiments import claim_2_one_sample as one_sample
from vae_core.experiments import claim_3_mean_objective as mean_objective
from vae_core.experiments import claim_4_point as point
from vae_core.experiments import claim_5_families_of_q as families
from vae_core.experiments import claim_6_prior as prior
from vae_core.experiments.least import Least
from vae_core.experiments.quantity import LEAST_SAMPLES
from vae_core.experiments.view import view_of
from vae_core.explorer.claims import claim_2_one_sample as page_2
from vae_core.explorer.claims import claim_3_mean_objective as page_3
from vae_core.explorer.claims import claim_5_families_of_q as page_5
from vae_core.inference.families import Fit
from vae_core.maths.estimators import Estimate

from .claim_inputs import pixels, plain, view
from .explore_page import loaded
from .test_argument_page import open_page
from .test_verdicts_1_to_4 import shrinking


def fitted(slack: float, error: float) -> Fit:
    return Fit("diagonal", {}, kl=1.0, negative_elbo=100 + slack, slack=slack, error=error)


def test_claim_1_bounds_what_the_integral_leaves_open() -> None:
    result = expectation.running_average(loaded("sample"), pixels(7), 0, 256)
    result = replace(result, reference=Estimate(result.reference.value, np.array([0.0123])))
    sentence = expectation.verdict(result)
    off = abs(result.average[0] - float(result.reference.value[0]))
    assert f"is off by {off:.2f} nats (within 0.02). After 256" in sentence


def test_claim_1_draws_no_standard_error_of_a_few_samples() -> None:
    charts = [c.proto for c in open_page(claim="1").get("plotly_chart")]
    band = json.loads(charts[0].spec)["data"][0]
    assert band["fill"] == "toself"
    named = [one["text"] for one in json.loads(charts[0].spec)["layout"]["annotations"]]
    assert "±2 standard errors of the average" in named
    x = band["x"]
    if isinstance(x, dict):
        x = np.frombuffer(base64.b64decode(x["bdata"]), x["dtype"])
    assert min(x) == LEAST_SAMPLES


def test_claim_2_states_the_error_of_its_spread_and_of_its_variances() -> None:
    # Over many seeds the stated errors are the spread of what is stated.
    model, x = loaded("sample"), pixels(1367)
    found = [one_sample.spread(model, x, seed) for seed in range(40)]
    spreads = np.array([one.within_stddev for one in found])
    stated = np.mean([one.within_stderr for one in found])
    assert stated == pytest.approx(spreads.std(ddof=1), rel=0.35)
    for i, key in enumerate(("pathwise", "score", "baselined")):
        variances = np.array([getattr(one, key) for one in found])
        errors = np.mean([one.variance_stderrs[i] for one in found])
        assert errors == pytest.approx(variances.std(ddof=1), rel=0.35), key
    assert f"{spreads[0]:.2f} ± {found[0].within_stderr:.2f} nats" in one_sample.verdict(found[0])


@pytest.mark.parametrize(
    ("value", "stderr", "shown"),
    [(1234.4, 56.7, "1,234 ± 57"), (12.34, 0.456, "12.3 ± 0.46"), (np.nan, np.nan, "–")],
)
def test_claim_2_writes_an_estimate_with_its_error(value: float, stderr: float, shown: str) -> None:
    assert page_2._figure(value, stderr) == shown


def test_claim_3_bounds_the_averages_over_the_test_images() -> None:
    three = [view(150, 7, 156), view(152, 6, 155), view(380, 3, 158)]
    tests = [
        {"negative_elbo": elbo, "negative_elbo_stderr": error, "negative_log_evidence": 143.0}
        for elbo, error in ((150.0, 0.004), (152.0, 0.0005), (430.0, 0.0101))
    ]
    trained = mean_objective.Trained(mean_objective.COMPARED, tests, 100)
    sentence = mean_objective.rule(trained).sentence
    assert "Averaged over 100 test images −ELBO changes by +2.00 nats with quadrature" in sentence
    assert "by +280.00 (within 0.02) with mean; −log p(x) by 0.00 with mean." in sentence
    assert "Averaged" not in mean_objective.verdict(three[0], three[1], three[2], trained)


def test_claim_3_shows_the_loss_at_the_mean_of_the_panel() -> None:
    """Its rows add up to those of the panel, also where the loss takes the rest of a rounding."""
    moved = 0
    for image in range(12):
        one = view_of(loaded("sample"), pixels(image))
        rows = {row.key: row.shown for row in one.rows()}
        total = float(rows["loss_at_mean"]) + float(rows["price"].replace("−", "-"))
        assert page_3._loss(one).split()[0] == f"{total:.2f}"
        moved += rows["loss_at_mean"] != f"{one.loss_at_mean:.2f}"
    assert moved
    source = "".join(plain(m.value) for m in open_page(claim="3", image="7").markdown)
    shown = view_of(loaded("mean"), pixels(7)).row("loss_at_mean").shown
    assert f"{shown} |" in source.partition("| loss at μ")[2].partition("expected loss")[0]


def test_claim_4_bounds_what_the_noise_gains() -> None:
    falling = shrinking(1.0, rise=-1.0)
    alone = Least(
        falling.alone.at, 96.0, 0.031, falling.alone.low, falling.alone.high, inside=False
    )
    sentence = point.verdict(replace(falling, alone=alone), has_posterior=False)
    assert "or beyond, 4.00 (within 0.04) nats below that of the mean" in sentence


def test_claim_5_bounds_its_parts_and_its_table() -> None:
    one = view(98, 5, 100)
    one = replace(one, expected_loss=Estimate(one.expected_loss.value, np.array([0.02])))
    diagonal, full = fitted(0.5, 0.006), fitted(0.1, 0.0)
    sentence = families.verdict(one, diagonal, full)
    assert "3.00 (within 0.02) nats above" in sentence
    assert "0.50 (within 0.01) because even" in sentence
    assert "2.50 (within 0.03) because of" in sentence
    assert "A full covariance would leave 0.10. **" in sentence
    still = families.verdict(one, diagonal, fitted(0.45, 0.006))
    assert "A full covariance would leave 0.45 (within 0.01)." in still
    assert page_5._row(diagonal, one) == ("1.00", "100.50 (within 0.01)", "0.50 (within 0.01)")


def test_claim_6_bounds_its_evidence() -> None:
    model, codes = loaded("sample"), loaded("autoencoder")
    sample, other = (prior.generation(one, pixels(7)) for one in (model, codes))
    assert sample.test_error == model.metadata.test["negative_log_evidence_stderr"]
    sample, other = replace(sample, error=0.011, test_error=0.021), replace(other, error=0.0)
    sentence = prior.verdict(sample, other)
    assert f"against {sample.test_evidence:.2f} (within 0.03)." in sentence
    assert f"against {sample.evidence:.2f} (within 0.02): its code" in sentence
    assert f"it explains worse, {other.evidence:.2f} against" in sentence
