"""Evaluation: its averages are what they say, for every kind of head."""

import numpy as np
import pytest

from tests.oracles import random_network
from vae_core.inference.evaluation import Evaluation, evaluate, half_width
from vae_core.maths import gaussian
from vae_core.maths.estimators import predicted_price
from vae_core.models.network import Network
from vae_core.models.settings import ModelConfig

CONFIG = ModelConfig(image_shape=(5, 4), hidden=(12,))
X = np.random.default_rng(0).uniform(size=(20, 20)).astype(np.float32)


@pytest.fixture(scope="module")
def networks() -> dict[str, Network]:
    return {head: random_network(CONFIG, head, seed=2) for head in ("log_var", "blog", "none")}


@pytest.fixture(scope="module")
def evaluations(networks: dict[str, Network]) -> dict[str, Evaluation]:
    return {head: evaluate(network, X, tolerance=1e-3) for head, network in networks.items()}


def draws(network: Network, mean: np.ndarray, stddev: np.ndarray) -> tuple[float, float]:
    """Average loss over 2,000 samples per image, with its standard error."""
    epsilon = np.random.default_rng(1).normal(size=(2000, *mean.shape))
    losses = network.reconstruction_loss(X, gaussian.reparameterize(mean, stddev, epsilon))
    return losses.mean(), losses.mean(axis=1).std() / np.sqrt(len(losses))


@pytest.mark.parametrize("head", ["log_var", "blog"])
def test_metrics_against_samples(
    head: str, networks: dict[str, Network], evaluations: dict[str, Evaluation]
) -> None:
    network, metrics = networks[head], evaluations[head].metrics()
    mean, stddev = network.encode(X)
    loss, error = draws(network, mean, stddev)
    assert abs(metrics["reconstruction_loss"] - loss) < 4 * error + 1e-3
    at_mean = network.reconstruction_loss(X, mean).mean()
    assert metrics["reconstruction_loss_at_mean"] == pytest.approx(at_mean, abs=1e-9)
    assert metrics["kl"] == pytest.approx(gaussian.kl(mean, stddev).mean(), abs=1e-9)
    assert metrics["median_stddev"] == pytest.approx(np.median(stddev), abs=1e-9)
    assert metrics["predicted_price"] == pytest.approx(predicted_price(stddev).mean(), abs=1e-9)
    assert metrics["images_without_evidence"] == 0


@pytest.mark.parametrize("head", ["log_var", "blog"])
def test_metrics_add_up(head: str, evaluations: dict[str, Evaluation]) -> None:
    evaluation = evaluations[head]
    metrics = evaluation.metrics()
    loss = metrics["reconstruction_loss"]
    assert metrics["negative_elbo"] == pytest.approx(loss + metrics["kl"], abs=1e-9)
    gap = loss - metrics["reconstruction_loss_at_mean"]
    assert metrics["jensen_gap"] == pytest.approx(gap, abs=1e-9)
    slack = evaluation.negative_elbo + evaluation.log_evidence
    assert (slack > -evaluation.loss.error - evaluation.log_evidence_error).all()
    assert metrics["negative_log_evidence"] < metrics["negative_elbo"]


def test_without_a_posterior_there_is_no_bound(evaluations: dict[str, Evaluation]) -> None:
    metrics = evaluations["none"].metrics()
    assert (evaluations["none"].kl == np.inf).all()
    for name in ("kl", "negative_elbo", "negative_elbo_stderr", "predicted_price", "median_stddev"):
        assert metrics[name] is None
    assert metrics["jensen_gap"] == 0
    assert metrics["reconstruction_loss"] == metrics["reconstruction_loss_at_mean"]
    evidence = evaluations["log_var"].metrics()["negative_log_evidence"]
    assert metrics["negative_log_evidence"] == pytest.approx(evidence, abs=2e-3)


def test_blog_recipe_prints_the_kl_of_another_q(
    networks: dict[str, Network], evaluations: dict[str, Evaluation]
) -> None:
    metrics = evaluations["blog"].metrics()
    mean, s = networks["blog"].encode_raw(X)
    printed_kl = -0.5 * (1 + s - mean**2 - np.exp(s)).sum(axis=1).mean()  # as the blog writes it
    assert metrics["printed_kl"] == pytest.approx(printed_kl, rel=1e-5)
    printed = metrics["reconstruction_loss"] + metrics["printed_kl"]
    assert metrics["printed_loss"] == pytest.approx(printed, abs=1e-9)
    loss, error = draws(networks["blog"], mean.astype(np.float64), np.exp(s / 2))
    described = metrics["negative_elbo_described"] - metrics["printed_kl"]
    assert abs(described - loss) < 4 * error + 1e-3
    assert "printed_loss" not in evaluations["log_var"].metrics()
    assert evaluations["blog"].metrics()["negative_elbo_described"] == pytest.approx(
        evaluations["log_var"].metrics()["negative_elbo"], abs=1e-6
    )


def test_half_width() -> None:
    point = np.zeros((1, 2))
    assert half_width(np.zeros((3, 2)), np.zeros((3, 2))) == 6  # the prior's own reach
    assert half_width(np.array([[0.0, -7.4]]), point) == 10
    assert half_width(np.array([[0.0, -7.4]]), np.ones((1, 2))) == 13  # five stddevs of q
    assert half_width(np.array([[300.0, 0.0]]), point) == 24
