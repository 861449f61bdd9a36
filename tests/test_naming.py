"""What models are called: in words that are no symbols, each shipped one differently."""

from dataclasses import replace

import pytest

from vae_core.models.catalogue import shipped_models
from vae_core.models.naming import called, heading
from vae_core.models.settings import ModelConfig


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sample", "trained on samples"),
        ("sample-10", "trained on ten samples"),
        ("quadrature", "trained by quadrature"),
        ("mean", "trained on means"),
        ("autoencoder", "an autoencoder"),
        ("blog", "the blog's recipe"),
        ("large", "trained on samples, 3 × 512"),
        ("fashion", "trained on samples"),
        ("fashion-mean", "trained on means"),
    ],
)
def test_a_model_is_called_by_what_it_was_trained_on(name: str, expected: str) -> None:
    assert called(shipped_models()[name].metadata()) == expected


def test_what_differs_from_the_usual_run_is_said() -> None:
    trained = shipped_models()["sample"].metadata()
    config = replace(trained.training, beta=0.5, model=ModelConfig(hidden=(32, 16)))
    assert heading(replace(trained, training=config)) == "Trained on samples, 32-16, β = 0.5"
    assert heading(config) == "Trained on samples, 32-16, β = 0.5"  # settings alone will do
    config = replace(trained.training, samples=64)
    assert called(replace(trained, training=config)) == "trained on 64 samples"
