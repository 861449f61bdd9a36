"""The sentences and rows of a panel say what its numbers say."""

import re
from dataclasses import replace

import numpy as np

from vae_core.experiments.choices import Choices
from vae_core.experiments.quantity import KINDS
from vae_core.experiments.view import View, compute_view
from vae_core.experiments.wording import (
    description,
    introduction,
    numbers,
    objective_sentence,
    verdict,
)
from vae_core.maths.estimators import Estimate
from vae_core.models.checkpoint import Metadata
from vae_core.models.settings import PRESETS, TrainingConfig

from .explore_page import loaded


def view(k: int = 16, scale: float = 1.0) -> View:
    return compute_view(loaded("sample"), Choices(image=7, k=k, scale=scale, seed=0))


def priced(share: float) -> View:
    """A view whose price of σ is a share of its loss at the mean."""
    v = view()
    loss = v.loss_at_mean * (1 + share)
    return replace(v, expected_loss=Estimate(np.array([loss]), np.zeros(1)))


def run(config: TrainingConfig, epochs_done: int | None = None) -> Metadata:
    """Metadata of a run with these settings."""
    done = config.epochs if epochs_done is None else epochs_done
    return Metadata(config, done, "log_var", "", f"{config} {done}", {}, {}, {})


def words(html: str) -> str:
    """Text without its tags and numbers."""
    return re.sub(r"<[^>]*>|[\d.]+", "", html)


def within_or_exact(error: float) -> str:
    return f"within {np.ceil(100 * error) / 100:.2f}" if error >= 0.005 else "exact"


def rows(v: View) -> dict[str, tuple[str, str]]:
    return {row["name"]: (row["value"], row["error"]) for row in numbers(v)}


def test_the_verdict_turns_nowhere_on_a_threshold() -> None:
    # Two panels with one σ are never judged oppositely: both say the same of their numbers.
    found = {words(verdict(priced(share), True)) for share in (1e-3, 0.049, 0.051, 1.0)}
    assert len(found) == 1


def test_the_verdict_says_whether_sampling_costs_or_saves() -> None:
    costs, saves = verdict(priced(1e-2), True), verdict(priced(-1e-2), True)
    assert "costs" in costs
    assert "saves" in saves
    assert words(costs.replace("costs", "saves")) == words(saves)


def test_the_verdict_quotes_the_price_and_the_loss() -> None:
    for v in (priced(1e-2), priced(2.0)):
        quoted = f"<b>{abs(v.price):.2f} nats</b> on average, beside {v.loss_at_mean:.0f} at the"
        assert quoted in verdict(v, True)


def test_without_noise_or_without_q_the_verdict_is_another() -> None:
    kinds = [verdict(view(), True), verdict(view(scale=0.0), True), verdict(view(), False)]
    assert len({words(kind) for kind in kinds}) == 3
    assert all("infinite" in kind for kind in kinds[1:])


def test_rows_are_the_numbers_of_the_view() -> None:
    v = view()
    table = rows(v)
    assert list(table) == [kind.name for kind in KINDS.values() if not kind.beside]
    assert [value for value, _ in table.values()] == [
        f"{value:.2f}".replace("-", "−")
        for value in (
            round(v.negative_elbo, 2) - round(v.price, 2) - round(v.kl, 2),  # the sum closes
            float(v.sampled_loss.value),
            v.price,
            v.kl,
            v.negative_elbo,
            v.negative_log_evidence,
            round(v.negative_elbo, 2) - round(v.negative_log_evidence, 2),
        )
    ]
    assert table["Loss over samples"][1] == f"± {float(v.sampled_loss.error):.2f}"
    assert table["Price of σ"][1] == within_or_exact(float(v.expected_loss.error[0]))
    assert [row["beside"] for row in numbers(v) if row["beside"]] == [
        f"predicted {v.predicted_price:.2f}"
    ]


def test_rows_without_an_answer_say_so() -> None:
    v = view()
    unanswered = replace(v, evidence=replace(v.evidence, log_evidence=np.array([np.nan])))
    assert rows(unanswered)["−log p(x)"][0] == "not answered"
    assert rows(unanswered)["Slack of the bound"][0] == "not answered"
    assert rows(view(scale=0.0))["−ELBO"] == ("∞", "")
    for k in (1, 2, 7):  # one sample has no standard error, that of a few is too uncertain
        assert rows(view(k=k))["Loss over samples"][1] == ""
    assert rows(view(k=8))["Loss over samples"][1].startswith("± ")
    # Samples that all are the mean still are samples, not an exact number.
    assert rows(view(scale=0.0))["Loss over samples"][1] == "± 0.00"


def test_nothing_is_predicted_where_the_price_did_not_train_sigma() -> None:
    chosen = Choices(image=7)
    told = {
        name: [row["beside"] for row in numbers(compute_view(loaded(name), chosen))]
        for name in ("sample", "blog", "mean", "autoencoder")
    }
    blog = compute_view(loaded("blog"), chosen)
    assert f"predicted {np.sum(1 - blog.stddev / 0.1) / 4:.2f}" in told["blog"]  # its own optimum
    assert told["sample"][2].startswith("predicted 1.0")
    assert not any(told["mean"] + told["autoencoder"])


def test_a_small_negative_number_has_no_sign() -> None:
    v = priced(0.0)
    tiny = replace(v, expected_loss=Estimate(np.array([v.loss_at_mean - 1e-3]), np.zeros(1)))
    assert rows(tiny)["Price of σ"][0] == "0.00"
    assert rows(priced(-0.5))["Price of σ"][0].startswith("−")


def test_every_objective_has_a_sentence_of_its_own() -> None:
    trained = {name: run(config) for name, config in PRESETS.items()}
    sentences = {objective_sentence(one) for one in trained.values()}
    assert len(sentences) == len(PRESETS)
    plain = objective_sentence(trained["sample"])
    assert objective_sentence(trained["large"]).startswith(plain)
    assert objective_sentence(run(replace(PRESETS["sample"], beta=392.0))) == f"{plain} β = 392."
    stopped = objective_sentence(run(PRESETS["sample"], epochs_done=7))
    assert stopped == f"{plain} Ended after epoch 7 of 100."


def test_the_introduction_claims_only_what_the_two_share() -> None:
    sample, mean, large = (run(PRESETS[name]) for name in ("sample", "mean", "large"))
    assert "same initial weights" in introduction([sample, mean])
    assert "Only the objective" in introduction([sample, mean])
    for others in ([sample], [sample, sample], [sample, large]):
        assert "same initial weights" not in introduction(others)
    quick = run(replace(PRESETS["mean"], epochs=20, batch_size=100))
    assert "Their objectives, epochs and batch sizes differ" in introduction([sample, quick])
    other = run(replace(PRESETS["sample"], seed=1))
    assert "Their seeds differ" in introduction([sample, other])
    assert "same initial weights" not in introduction([sample, other])
    stopped = run(PRESETS["sample"], epochs_done=7)
    assert "from the same initial weights" in introduction([sample, stopped])
    assert "Their epochs differ" in introduction([sample, stopped])


def test_an_autoencoder_has_no_price() -> None:
    v = view()
    point = rows(replace(v, stddev=np.zeros(2)))
    assert point["Loss over samples"] == point["Price of σ"] == ("no q", "")


def test_the_description_states_mean_and_stddev() -> None:
    v = view(scale=2.0)
    text = description("sample", v)
    for value in (*(f"{m:.2f}" for m in v.mean), *(f"{2 * s:.2g}" for s in v.stddev)):
        assert value in text
