"""The answer in words says what the numbers of the view say; each outcome on a real view."""

import re
from functools import cache

import pytest

from vae_core.experiments.answer import Lane, answer, sigma_text
from vae_core.experiments.averages import averages_of
from vae_core.experiments.choices import Choices
from vae_core.experiments.presets import presets_of
from vae_core.experiments.quantity import EXACT
from vae_core.experiments.view import compute_view
from vae_core.maths.bernoulli import sigmoid

from .explore_page import MODEL_NAMES, loaded, mnist


@cache
def lane(name: str, image: int = 1367, scale: float = 1.0) -> Lane:
    model = loaded(name)
    return Lane(model.metadata, compute_view(model, Choices(name, image=image, scale=scale, k=1)))


def words(*lanes: Lane) -> str:
    """The answer without its marks."""
    return re.sub(r"<[^>]*>", "", answer(*lanes))


def amounts(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"\d+\.\d\d", text)]


def test_the_landing_view() -> None:
    first, second = lane("sample"), lane("mean")
    assert words(first, second) == (
        f"Decode the mean at test time: a sample costs {first.view.price:.2f} nats more here, on "
        f"top of {first.view.loss_at_mean:.0f}. In training, that cost is the only thing that "
        "keeps σ small. Trained on means, it is missing, and only the KL acts on σ = "
        f"{sigma_text(second.view)}: a sample costs {second.view.price:.2f}."
    )


@pytest.mark.parametrize("name", [name for name in MODEL_NAMES if name != "autoencoder"])
@pytest.mark.parametrize("image", [1367, 8, 1716, 42])
def test_costs_and_savings_are_told_apart(name: str, image: int) -> None:
    one = lane(name, image)
    price, text = one.view.price, words(one)
    if abs(price) < max(EXACT, float(one.view.expected_loss.error[0])):
        assert "by less than can be told" in text
    else:
        assert ("better than the mean" in text) == (price < 0)
        assert ("more here" in text) == (price > 0)
        assert amounts(text)[0] == pytest.approx(abs(price), abs=0.0051)


def test_an_exception_is_called_one() -> None:
    assert words(lane("sample", 8)).startswith("An exception: here a sample is on average")
    assert "saves" in words(lane("sample"), lane("sample", 8))


def test_noise_at_zero_and_no_q() -> None:
    assert words(lane("sample", scale=0.0), lane("mean", scale=0.0)) == (
        "With the noise at 0 every sample is the mean, and costs nothing; turn it up."
    )
    assert "there is nothing to sample" in words(lane("autoencoder"))
    assert words(lane("sample"), lane("autoencoder")).endswith(
        "An autoencoder: no σ at all, an image is one point."
    )


def test_noise_is_named_and_sigma_stays_the_encoders() -> None:
    one, wide = lane("mean"), lane("mean", scale=2.0)
    assert "with noise × 2 costs" in words(wide)
    assert sigma_text(one.view) == sigma_text(wide.view) == "1.0"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sample", "the only thing that keeps σ small"),
        ("quadrature", "the only thing that keeps σ small"),
        ("blog", "is in the loss and holds σ down"),
        ("mean", "was missing from the loss: only the KL saw σ"),
    ],
)
def test_what_held_sigma_in_training(name: str, said: str) -> None:
    assert said in words(lane(name))


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_averages_close_and_are_those_of_the_metadata(name: str) -> None:
    trained = loaded(name).metadata
    found = averages_of(trained, 10_000)
    if name == "autoencoder":
        assert found is None
        return
    assert found is not None
    for key, source in (
        ("loss_at_mean", "reconstruction_loss_at_mean"),
        ("price", "jensen_gap"),
        ("kl", "kl"),
        ("negative_elbo", "negative_elbo"),
    ):
        assert float(found.row(key).shown) == pytest.approx(trained.test[source], abs=0.0101)
    shown = [found.row(key).shown for key in ("loss_at_mean", "price", "kl", "negative_elbo")]
    assert sum(round(100 * float(one)) for one in shown[:3]) == round(100 * float(shown[3]))


def test_the_presets_are_what_their_labels_say() -> None:
    labels = {preset.key: preset.image for preset in presets_of(mnist())}
    assert mnist().labels[labels["plain"]] == 3
    assert mnist().labels[labels["misread"]] == 4
    assert lane("sample", labels["exception"]).view.price < -1


@pytest.mark.parametrize("name", ["sample", "mean"])
def test_the_misread_4_is_decoded_as_a_9(name: str) -> None:
    """Of the test images most like the picture at its mean, most are 9s."""
    image = next(one.image for one in presets_of(mnist()) if one.key == "misread")
    model = loaded(name)
    picture = sigmoid(model.network.decode(model.mean[image : image + 1]))[0]
    distance = ((mnist().pixels() - picture) ** 2).sum(axis=1)
    nearest = mnist().labels[distance.argsort()[:25]]
    assert (nearest == 9).mean() > 0.8
