"""The written sentences: their figures against the files, and what no text may say again."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from vae_core.experiments.phrases import bounded, listed, remainder, signed, significant, within
from vae_core.explorer.claims import all_claims
from vae_core.explorer.parts import texts
from vae_core.explorer.visitor.run_settings import STORIES
from vae_core.models import frames

from . import dense
from .dense import net

ROOT = Path(__file__).resolve().parents[2]
OWN = [
    *sorted((ROOT / "assets" / "text").glob("*.md")),
    *sorted((ROOT / "vae_core" / "explorer" / "claims").glob("*.py")),
    *sorted((ROOT / "vae_core" / "experiments").glob("claim_*.py")),
    ROOT / "vae_core" / "experiments" / "wording.py",
    ROOT / "vae_core" / "explorer" / "parts" / "run_wording.py",
    ROOT / "vae_core" / "explorer" / "visitor" / "run_settings.py",
]
FALSE = (
    "Jensen gap",
    "price of sampling",
    "other pictures",
    "whatever the decoder",
    "only β = 1",
    "much the same",
    "same model",
    "has no p(x)",
    "makes one sample enough",
    "because one encoder serves",
    "would raise",
    "as exact",
)


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.name)
def test_what_was_false_is_not_said_again(file: Path) -> None:
    text = " ".join(file.read_text(encoding="utf-8").lower().replace('"', "").split())
    for phrase in FALSE:
        assert phrase.lower() not in text, phrase


NAMED = [
    ROOT / "README.md",
    *sorted((ROOT / "assets" / "text").glob("*.md")),
    *sorted((ROOT / "vae_core" / "experiments").glob("*.py")),
    *sorted((ROOT / "vae_core" / "explorer").rglob("*.py")),
    *sorted((ROOT / "vae_core" / "explorer" / "frontend").glob("*.js")),
]


def test_the_price_of_sigma_has_one_name() -> None:
    # Jensen's inequality has its name; `jensen_gap` stands in metadata.json.
    other = re.compile(
        r"(price|cost)s? of sampling|jensen(?!_gap|: the −log)|sampling price|price of a sample"
    )
    for file in NAMED:
        found = other.search(" ".join(file.read_text(encoding="utf-8").lower().split()))
        assert found is None, (file.name, found)
    from vae_core.experiments.orders import ORDERS
    from vae_core.experiments.quantity import KINDS
    from vae_core.explorer.parts.layers import LAYERS

    name = KINDS["price"].name.lower()
    assert name == "price of σ"
    assert name in ORDERS["price"]
    assert name in LAYERS["gap"].meaning.lower()  # its key stands in addresses


def answers() -> dict[str, str]:
    return {one.question: one.answer for one in texts.questions()}


def test_the_figures_of_the_questions_are_those_of_the_models() -> None:
    tests = {name: net(name).record["test"] for name in ("sample", "quadrature", "large")}
    found = answers()
    apart = tests["quadrature"]["negative_elbo"] - tests["sample"]["negative_elbo"]
    assert f"ended {apart:.1f} nats above" in found["Could I integrate instead of sampling?"]
    keys = ("reconstruction_loss_at_mean", "reconstruction_loss")
    better = {round(tests["sample"][key] - tests["large"][key]) for key in keys}
    assert better == {int(re.search(r"by (\d+) nats", found["Why is each picture blurry?"])[1])}
    price = tests["sample"]["jensen_gap"]
    assert (
        f"by {price:.1f} nats on average"
        in found["At test time, do I decode the mean or a sample?"]
    )


def test_half_a_nat_for_each_dimension_that_the_price_trains() -> None:
    for name in dense.NAMES:
        record = net(name).record
        if record["training"]["objective"] in ("sample", "quadrature"):
            assert record["test"]["jensen_gap"] / 2 == pytest.approx(0.5, abs=0.06), name


def test_every_beta_from_one_on_bounds_and_the_larger_the_looser() -> None:
    own, x = net("sample"), dense.images("sample")[7].astype(np.float64)
    (mean,), (stddev,) = own.encode(x[None])
    loss, off = dense.expected(own, x, mean, stddev)
    evidence, _ = dense.evidence(own, x)
    losses = [loss + beta * dense.kl(mean, stddev) for beta in (1.0, 2.0, 10.0)]
    assert evidence < losses[0] + off < losses[1] < losses[2]
    assert loss < evidence  # β = 0 is no bound here
    answer = answers()["What happens if β is not 1?"]
    assert "every β from 1 on still bounds −log p(x)" in answer


def test_nine_points_replace_the_sample_of_quadrature() -> None:
    order = net("quadrature").record["training"]["quadrature_order"]
    assert order**2 == 9
    assert "nine fixed points" in texts.claim(3).body
    assert "nine fixed points" in STORIES["No randomness"].watch
    assert "nine nodes" in answers()["Could I integrate instead of sampling?"]
    size = 784 / 2
    assert f"the KL {size:.0f} times" in STORIES["β = 392: collapse"].watch


def test_a_quarter_of_a_stddev_is_the_radius_of_the_claim() -> None:
    from vae_core.experiments.claim_6_prior import RADIUS

    assert RADIUS == 0.25
    assert "a quarter of the prior's standard deviation" in texts.claim(6).body
    # 98.9 % of the prior within 3, 1.1 % beyond.
    assert np.exp(-4.5) == pytest.approx(0.011, abs=5e-4)


def test_the_claims_name_the_models_they_show() -> None:
    shown = {number: claim.models for number, claim in all_claims().items()}
    assert shown["3"] == ("sample", "quadrature", "mean")
    assert shown["6"] == ("sample", "mean", "autoencoder")
    assert shown["7"] == ("blog",)
    assert shown["8"] == ("sample", "mean")
    assert {number for number, models in shown.items() if not models} == {"1", "2", "4", "5", "9"}


def test_as_many_images_are_named_as_a_run_draws() -> None:
    assert len(frames.shown_images(10_000)) == frames.SHOWN


def test_numbers_are_written_with_the_digits_they_need() -> None:
    values = (0.0, 0.0001234, 0.0243, 0.998, 1.04, 12.3, 18_123.0)
    written = ["0", "0.00012", "0.024", "1.0", "1.0", "12", "18,000"]
    assert [significant(value) for value in values] == written
    assert signed(1.3) == "+1.30"
    assert signed(-0.001) == "0.00"
    assert signed(-2.0, 0.031) == "−2.00 (within 0.04)"
    assert within(0.004) == within(float("nan")) == ""
    assert bounded(float("inf"), 1.0) == "∞"
    assert listed(["a", "b", "c"]) == "a, b and c"
    for total, part in ((1.005, 0.335), (155.997, 6.244)):
        assert round(part, 2) + remainder(total, part) == pytest.approx(round(total, 2))


def test_gradients_are_those_of_the_file() -> None:
    from vae_core.experiments.claim_2_one_sample import (
        GRADIENTS,
        gradient_sentence,
        history_sentence,
    )
    from vae_core.experiments.gradient_record import load_gradients
    from vae_core.models.catalogue import shipped_models

    record = json.loads(GRADIENTS.read_text())
    for weights in ("start", "trained"):
        sentence = gradient_sentence(load_gradients(GRADIENTS), weights)
        assert f"Measured on {record['model']}, " in sentence
        for part in ("encoder", "decoder"):
            one, ten = (
                next(
                    row
                    for row in record["rows"]
                    if (row["weights"], row["part"], row["batch_size"], row["samples"])
                    == (weights, part, 100, samples)
                )
                for samples in (1, 10)
            )
            assert f"{100 * one['share']:.1f} ± {100 * one['share_stderr']:.1f} %" in sentence
            assert f"{100 * (1 - ten['total'] / one['total']):.1f} ±" in sentence
        # Ten times as many images: a tenth of the variance, measured from 32 to 500.
        for part in ("encoder", "decoder"):
            totals = {
                row["batch_size"]: row["total"]
                for row in record["rows"]
                if (row["weights"], row["part"], row["samples"]) == (weights, part, 1)
            }
            assert totals[500] * 500 == pytest.approx(totals[32] * 32, rel=0.25)
    runs = [shipped_models()[name].metadata() for name in ("sample", "sample-10")]
    sentence = history_sentence((runs[0], runs[1]), ("sample", "sample-10"))
    few, many = (net(name).record["history"]["test_loss"] for name in ("sample", "sample-10"))
    assert f"ends at {few[-1]:.2f} nats and L = 10 at {many[-1]:.2f}" in sentence
    assert f"stood at {many[9]:.2f}" in sentence  # 10 epochs of ten samples are 100 of one
    assert "One run each" in sentence


def test_the_price_over_the_plane_is_that_of_a_dense_sum() -> None:
    from vae_core.experiments.claim_3_mean_objective import FIELD_SIDE, field_sentence, price_fields
    from vae_core.experiments.experiment import load_model
    from vae_core.models.catalogue import MODELS

    model, own = load_model(MODELS / "sample"), net("sample")
    e = np.linspace(-6, 6, 49)
    grid = np.stack(np.meshgrid(e, e, indexing="ij"), -1).reshape(-1, 2)
    weight = np.exp(-0.5 * (grid**2).sum(axis=1))
    for stddev in (0.1, 0.46, 1.0):
        field, prediction = price_fields(model, stddev)
        left, right, _, top = field.extent
        cell = (right - left) / FIELD_SIDE
        for row, column in ((3, 5), (20, 20), (17, 31), (33, 9)):
            z = np.array([left + (column + 0.5) * cell, top - (row + 0.5) * cell])
            x = own.picture(z)
            price = weight @ own.loss(x, z + stddev * grid) / weight.sum() - own.loss(x, z[None])[0]
            assert field.values[row, column] == pytest.approx(price, rel=0.03, abs=0.01)
        sentence = field_sentence(field, prediction, "sample", stddev)
        assert f"about {significant(float(np.median(field.values)))} nats" in sentence
