"""A panel's numbers and pictures obey the identities that define them."""

import base64
import json

import numpy as np
import pytest

from vae_core.experiments.choices import Choices
from vae_core.experiments.view import View, compute_view, decoded_image, view_of
from vae_core.explorer.parts.layers import LAYERS
from vae_core.explorer.parts.stage import stage_data
from vae_core.maths import gaussian
from vae_core.maths.bernoulli import sigmoid

from .explore_page import choices, lane, loaded, mnist

MODELS = pytest.mark.parametrize("name", ["sample", "mean"])
IMAGES = (7, 18, 1367)
FAR = Choices(z=(-28.83, 6.19))  # a picture from where no prior reaches


def view(name: str, image: int = 7, k: int = 16, scale: float = 1.0, seed: int = 0) -> View:
    x = mnist().pixels(slice(image, image + 1))[0]
    return view_of(loaded(name), x, Choices(k=k, scale=scale, seed=seed))


@MODELS
def test_at_scale_zero_every_sample_is_the_mean(name: str) -> None:
    at_mean = view(name, scale=0.0)
    assert np.array_equal(at_mean.z, np.broadcast_to(at_mean.mean, (16, 2)))
    assert at_mean.losses == pytest.approx(np.full(16, at_mean.loss_at_mean), rel=1e-6)
    assert at_mean.price == 0
    if name == "mean":  # nothing predicts
        assert np.isnan(at_mean.predicted_price)
    else:
        assert at_mean.predicted_price == 0
    assert at_mean.kl == at_mean.negative_elbo == at_mean.slack == np.inf


@MODELS
def test_more_samples_keep_the_first_ones(name: str) -> None:
    few, many = view(name, k=3), view(name, k=256)
    assert np.array_equal(many.z[:3], few.z)
    assert many.losses[:3] == pytest.approx(few.losses, rel=1e-6)  # a larger product rounds anew


def test_models_and_scales_share_the_noise() -> None:
    views = [view("sample"), view("mean"), view("mean", image=18, scale=2.5)]
    first, *others = [(v.z - v.mean) / (v.scale * v.stddev) for v in views]
    for other in others:
        assert other == pytest.approx(first, abs=1e-9)


def test_another_seed_draws_other_samples() -> None:
    assert not np.isclose(view("sample", seed=1).z, view("sample", seed=0).z).any()


@MODELS
def test_losses_are_those_of_the_decoded_samples(name: str) -> None:
    v = view(name, k=64)
    logits = loaded(name).network.decode(v.z).astype(np.float64)
    losses = (np.logaddexp(0, logits) - v.x * logits).sum(axis=1)
    assert v.losses == pytest.approx(losses, rel=1e-5)
    assert float(v.sampled_loss.value) == pytest.approx(losses.mean(), rel=1e-5)
    stderr = np.sqrt(((losses - losses.mean()) ** 2).sum() / 63 / 64)
    assert float(v.sampled_loss.error) == pytest.approx(stderr, rel=1e-3)


@MODELS
@pytest.mark.parametrize("scale", [0.3, 1.0, 2.0])
def test_the_expected_loss_is_what_samples_average_to(name: str, scale: float) -> None:
    v = view(name, k=4000, scale=scale)
    distance = float(v.expected_loss.value[0]) - float(v.sampled_loss.value)
    assert abs(distance) < 5 * float(v.sampled_loss.error)


@MODELS
@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_minus_elbo_bounds_minus_log_evidence(name: str, image: int, scale: float) -> None:
    v = view(name, image, scale=scale)
    assert v.negative_elbo == pytest.approx(v.loss_at_mean + v.price + v.kl, rel=1e-12)
    assert v.slack == pytest.approx(v.negative_elbo - v.negative_log_evidence, abs=1e-9)
    assert v.slack >= -float(v.expected_loss.error[0] + v.evidence.error[0])
    assert v.kl == pytest.approx(float(gaussian.full_kl(v.mean, np.diag((scale * v.stddev) ** 2))))


def test_the_price_is_predicted_from_the_stddev_where_it_trained_it() -> None:
    v = view("sample", scale=1.5)
    assert v.predicted_price == pytest.approx(1.5**2 * (2 - np.sum(v.stddev**2)) / 2)
    v = view("blog", scale=1.5)  # its own optimum: eˢ is σ / 0.1
    assert v.predicted_price == pytest.approx(1.5**2 * np.sum(1 - v.stddev / 0.1) / 4)
    for name in ("mean", "autoencoder"):
        assert np.isnan(view(name).predicted_price)


def test_a_decoded_point_is_a_picture_of_256_grey_levels() -> None:
    z = np.array([0.3, -1.2])
    picture = decoded_image(loaded("sample"), z)
    assert picture == pytest.approx(sigmoid(loaded("sample").network.decode(z)), abs=0.51 / 255)
    assert np.array_equal(np.round(picture * 255) / np.float32(255), picture)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("scale", [0.0, 1.0])
@pytest.mark.parametrize("z", [None, (0.3, -1.2), (50.0, -50.0)])  # the last without evidence
def test_the_stage_is_json_and_a_function_of_the_choices(
    layer: str, scale: float, z: tuple[float, float] | None
) -> None:
    chosen = choices(layer=layer, scale=scale, z=z)
    shown = stage_data([("model", loaded("sample"))], chosen)
    text = json.dumps(shown, allow_nan=False)  # a browser reads no NaN
    assert json.dumps(stage_data([("model", loaded("sample"))], chosen)) == text
    data = json.loads(text)["lanes"][0]
    assert data["scene"]["picked"] == (list(z) if z else None)
    assert data["scene"]["tiles"] == (layer == "tiles")


def test_a_lane_shows_the_test_image_as_it_is() -> None:
    data = lane("sample", choices(image=18))
    assert base64.b64decode(data["x"]) == mnist().images[18].tobytes()
    assert data["xCaption"].endswith(f"a {mnist().labels[18]}")


def test_a_posterior_at_the_edge_is_refused_without_much_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sum over a posterior that the edge cuts off never settles: nobody waits for it."""
    model = loaded("sample")
    answered, refused = (compute_view(model, choices) for choices in (Choices(image=3), FAR))
    assert np.isfinite(answered.negative_log_evidence)
    assert np.isnan(refused.negative_log_evidence)
    assert np.isfinite(refused.evidence.mean).all()
    decoded = []
    features = model.network.features
    monkeypatch.setattr(
        model.network, "features", lambda z: (decoded.append(len(z)), features(z))[1]
    )
    model.grid(answered.x[None], 1e-2)
    usual = sum(decoded)
    decoded.clear()
    model.grid(refused.x[None], 1e-2)
    assert sum(decoded) < 3 * usual
