"""The sentences about a run: true of the numbers they are made from."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vae_core.experiments.phrases import ONE_RUN
from vae_core.explorer.parts.run_wording import (
    Told,
    comparable_text,
    ending_text,
    finding_text,
    label_of,
    pair_text,
    progress_text,
    waiting_text,
)
from vae_core.explorer.server.jobs import JobView
from vae_core.models.frames import Frame
from vae_core.models.settings import TrainingConfig

CHEAP = {"loss_at_mean": 143.84, "sampled_loss": 144.85, "kl": 6.32, "stddev": 0.0494}
DEAR = {"loss_at_mean": 144.25, "sampled_loss": 435.75, "kl": 0.6, "stddev": 1.0}
LARGE = "**A sample's loss is "


def job(epoch: int = 3, measures: dict[str, Any] | None = None, **changes: Any) -> JobView:
    """A run of 20 epochs that stands after one of them."""
    objective = changes.pop("objective", "sample")
    view = JobView(
        name="sample-0123abcd",
        config=TrainingConfig(objective=objective, epochs=20),
        state="ended",
        outcome="finished",
        message="",
        epoch=epoch,
        step=0,
        steps=1875,
        rate=0.0,
        seconds_left=None,
        history={"loss": [200.0] * epoch},
        measures=[dict(DEAR) for _ in range(epoch)] + [dict(measures or CHEAP)],
        frames=[Frame(i, np.zeros((1, 2)), np.zeros((1, 2))) for i in range(epoch + 1)],
    )
    return replace(view, **changes)


def run_verdict(view: JobView) -> str:
    """All that is said of a run that has ended."""
    return f"{ending_text(view)} {finding_text(view)}".strip()


def numbers(text: str) -> list[float]:
    found = re.findall(r"−?\d[\d,]*(?:\.\d+)?", text)
    return [float(number.rstrip(",").replace("−", "-").replace(",", "")) for number in found]


@pytest.mark.parametrize(
    ("outcome", "epoch", "beginning"),
    [
        ("finished", 20, "Finished after 20 epochs. Over the 2,000"),
        ("finished", 1, "Finished after 1 epoch. Over the 2,000"),
        ("cancelled", 5, "Cancelled; the model after 5 epochs is kept. Over the 2,000"),
        ("cancelled", 1, "Cancelled; the model after 1 epoch is kept. Over the 2,000"),
        (
            "timeout",
            2,
            "Ended by this server's limit on time; the model after 2 epochs is kept. Over the 2",
        ),
        (
            "left",
            2,
            "Stopped when the page was closed; the model after 2 epochs is kept. Over the 2,000",
        ),
    ],
)
def test_every_outcome_says_what_is_kept(outcome: str, epoch: int, beginning: str) -> None:
    assert run_verdict(job(epoch, outcome=outcome)).startswith(beginning)


@pytest.mark.parametrize("outcome", ["cancelled", "timeout", "left"])
def test_without_an_epoch_there_is_no_finding(outcome: str) -> None:
    for view in (job(0, outcome=outcome), job(0, outcome=outcome, measures=[], frames=[])):
        assert run_verdict(view).endswith("; no epoch was complete.")


def test_a_failure_is_told_as_it_came() -> None:
    message = "The loss is not finite in epoch 1. No epoch was complete."
    assert run_verdict(job(0, outcome="failed", message=message)) == message
    verdict = run_verdict(job(2, outcome="failed", message="It broke. The first 2 are kept."))
    assert verdict.startswith("It broke. The first 2 are kept. Over the 2,000 test images")


def test_a_small_price_is_told_with_the_bound() -> None:
    verdict = run_verdict(job())
    # Epochs, images, price, sampled, at the mean, KL, -ELBO: 144.85 + 6.32, median σ.
    assert numbers(verdict) == [3, 2000, 1.01, 144.85, 143.84, 6.32, 151.17, 0.049]
    assert LARGE not in verdict


def test_the_error_of_one_sample_an_image_is_told() -> None:
    verdict = run_verdict(job(measures={**CHEAP, "price_stderr": 0.034}))
    assert "costs 1.01 ± 0.03 nats (144.85 against 143.84 nats)" in verdict
    assert "−ELBO 151.17 ± 0.03; the median" in verdict


def test_the_figures_of_a_run_add_up_as_they_are_written() -> None:
    measures = {"loss_at_mean": 143.844, "sampled_loss": 144.846, "kl": 6.324, "stddev": 0.05}
    found = numbers(run_verdict(job(measures=measures)))
    price, sampled, at_mean, kl, bound = found[2:7]
    assert (sampled, at_mean, price) == (144.85, 143.84, 1.01)  # 1.002 before rounding
    assert sampled + kl == pytest.approx(bound)


def test_a_large_price_is_told_by_how_much() -> None:
    verdict = run_verdict(job(measures=DEAR))
    assert numbers(verdict) == [3, 2000, 291.5, 435.75, 144.25, 0.6, 436.35, 1.0, 3.0]
    assert verdict.endswith(f"{LARGE}3.0 times the mean's.**")


@pytest.mark.parametrize(("sampled", "large"), [(104.9, False), (105.1, True)])
def test_five_percent_of_the_loss_is_large(sampled: float, large: bool) -> None:
    measures = {"loss_at_mean": 100.0, "sampled_loss": sampled, "kl": 6.0, "stddev": 0.1}
    assert (LARGE in run_verdict(job(measures=measures))) == large


def test_a_negative_price_is_saved() -> None:
    measures = {"loss_at_mean": 200.0, "sampled_loss": 199.5, "kl": 6.0, "stddev": 0.1}
    assert "decoding a sample saves 0.50 nats" in run_verdict(job(measures=measures))


@pytest.mark.parametrize(("kl", "collapsed"), [(0.0, True), (0.049, True), (0.051, False)])
def test_a_collapse_is_named(kl: float, collapsed: bool) -> None:
    measures = {"loss_at_mean": 206.25, "sampled_loss": 206.5, "kl": kl, "stddev": 1.0}
    verdict = run_verdict(job(measures=measures))
    assert ("**Collapsed:**" in verdict) == collapsed
    if collapsed:  # a sample of q tells at most E[KL] about its image
        assert f"no more than {kl:.2f} nats" in verdict


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({}, "another estimate of the same −ELBO."),
        ({"objective": "quadrature"}, "by the run's own quadrature: −ELBO as it was trained."),
        ({"objective": "mean"}, "it does not compare with the loss of another objective."),
        ({"objective": "blog"}, "it does not compare with the loss of another objective."),
    ],
)
def test_the_test_loss_is_told_beside_the_figures(changes: dict[str, Any], ending: str) -> None:
    verdict = run_verdict(job(history={"test_loss": [160.0, 155.0, 153.8]}, **changes))
    assert "The test loss of its last epoch, 153.80, is over all test images" in verdict
    assert verdict.endswith(ending)
    weighed = job(history={"test_loss": [153.8]})
    weighed = replace(weighed, config=replace(weighed.config, beta=4.0))
    assert "is this run's own objective, not −ELBO" in run_verdict(weighed)
    assert "test loss" not in run_verdict(job(history={"test_loss": [float("nan")]}))


def test_an_autoencoder_has_nothing_to_sample() -> None:
    measures = {"loss_at_mean": 141.37, "sampled_loss": None, "kl": None, "stddev": None}
    verdict = run_verdict(job(measures=measures, objective="autoencoder"))
    assert "there is no q" in verdict
    assert numbers(verdict) == [3, 2000, 141.37]


@pytest.mark.parametrize("name", ["sampled_loss", "kl", "stddev"])
def test_a_measure_beyond_all_numbers_is_no_number(name: str) -> None:
    verdict = run_verdict(job(measures={**CHEAP, name: None}))
    assert verdict.endswith("143.84 nats; a sample's is beyond all numbers.")


def test_without_any_measure_only_the_ending_is_told() -> None:
    assert run_verdict(job(measures=dict.fromkeys(CHEAP))) == "Finished after 3 epochs."


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"frames": [], "steps": 0}, "Loading TensorFlow"),
        ({"steps": 0}, "Compiling the network"),
        ({}, "Epoch 4 of 20"),
        ({"rate": 740.4}, "Epoch 4 of 20 · 740 steps per second"),
        ({"rate": 740.0, "seconds_left": 42.4}, "Epoch 4 of 20 · 740 steps per second · 42 s left"),
        ({"rate": 9.6, "seconds_left": 89.0}, "Epoch 4 of 20 · 10 steps per second · 89 s left"),
        ({"rate": 740.0, "seconds_left": 150.0}, "· 2 min left"),
        ({"epoch": 19, "rate": 2.0}, "Epoch 20 of 20 · 2 steps per second"),
        ({"epoch": 20, "rate": 1.0}, "Writing the model"),
    ],
)
def test_progress_tells_where_a_run_stands(changes: dict[str, Any], text: str) -> None:
    told = progress_text(job(**{"state": "running", "outcome": "", **changes}))
    assert text in told
    assert told.startswith(text) or text.startswith("·")


def test_waiting_tells_the_place() -> None:
    text = waiting_text(2, 5, 1)
    assert text == "Waiting: place 2 of 5. One run at a time on this server."
    assert waiting_text(1, 1, 3).endswith("3 runs at a time on this server.")


# --- two runs side by side ------------------------------------------------------------------------


def told(
    objective: str = "sample",
    measures: dict[str, Any] | None = None,
    epochs: int = 20,
    whose: str = "recorded",
    **changes: Any,
) -> Told:
    """A run of so many epochs, the same at each."""
    config = TrainingConfig(objective=objective, epochs=20, **changes)
    one = CHEAP if measures is None else measures
    return Told(config, range(epochs + 1), [one] * (epochs + 1), whose)


MEAN_RUN = told("mean", DEAR)
NO_Q = {"loss_at_mean": 141.4, "sampled_loss": None, "kl": None, "stddev": None}


def test_a_pair_tells_both_prices_and_both_widths() -> None:
    text = pair_text(told(), MEAN_RUN)
    assert numbers(text)[:5] == [20, 1.01, 291.5, 0.049, 1.0]
    assert text.startswith("After 20 epochs a sample costs 1.01 nats for the network trained on")
    assert text.count("costs") == 1
    assert "was part of the loss of the network trained on samples; for the network trained on" in (
        text
    )
    assert text.endswith(ONE_RUN)
    # Whichever stands first, the cause is the same.
    turned = pair_text(MEAN_RUN, told())
    assert numbers(turned)[:5] == [20, 291.5, 1.01, 1.0, 0.049]
    assert text.partition("The price")[2] == turned.partition("The price")[2]


def test_a_pair_is_compared_at_the_last_epoch_that_both_have() -> None:
    assert pair_text(told(epochs=7, whose="yours"), MEAN_RUN).startswith("After 7 epochs a sample")
    assert pair_text(told(epochs=1, whose="yours"), MEAN_RUN).startswith("After 1 epoch a sample")
    assert pair_text(told(epochs=0, whose="yours"), MEAN_RUN) == ""


def test_a_price_may_cost_or_save() -> None:
    saves = {**CHEAP, "sampled_loss": 143.64}
    text = pair_text(told(measures=saves), MEAN_RUN)
    assert "a sample saves 0.20 nats for the network trained on samples and costs 291.50" in text
    both = pair_text(told(measures=saves), told("mean", saves))
    assert "a sample saves 0.20 nats for the network trained on samples and 0.20 nats" in both


def test_a_price_carries_its_standard_error() -> None:
    text = pair_text(told(measures={**CHEAP, "price_stderr": 0.034}), MEAN_RUN)
    assert "costs 1.01 ± 0.03 nats" in text


@pytest.mark.parametrize(
    ("objectives", "cause"),
    [
        (("sample", "quadrature"), "The price of σ was part of both losses."),
        (("blog", "sample"), "The price of σ was part of both losses."),
        (("sample", "mean"), "was part of the loss of the network trained on samples; for"),
        (("mean", "blog"), "was part of the loss of the blog's recipe; for the network trained on"),
    ],
)
def test_the_cause_is_whose_loss_had_the_price(objectives: tuple[str, str], cause: str) -> None:
    assert cause in pair_text(*(told(objective) for objective in objectives))


def test_two_runs_on_means_have_the_price_in_neither_loss() -> None:
    text = pair_text(told("mean", DEAR, whose="yours", beta=2.0), MEAN_RUN)
    assert "was part of neither loss: only the KL acts on σ." in text


def test_the_same_run_twice_is_no_difference_between_models() -> None:
    text = pair_text(told(whose="yours"), told())
    assert "for your run and 1.01 nats for the recorded run" in text
    assert text.endswith("what differs is the rounding of the machines.")
    assert ONE_RUN not in text
    # Another seed makes another model.
    assert pair_text(told(whose="yours", seed=3), told()).endswith(ONE_RUN)


def test_a_pair_without_a_q_says_what_there_is_not() -> None:
    text = pair_text(told("autoencoder", NO_Q), MEAN_RUN)
    assert "the autoencoder has no q: no σ, no price" in text
    assert "a sample costs 291.50 nats for the network trained on means, and the median σ is" in (
        text
    )
    assert "was part of" not in text


def test_a_pair_beyond_all_numbers() -> None:
    text = pair_text(told(measures={**CHEAP, "sampled_loss": None}), MEAN_RUN)
    assert "a sample's loss is beyond all numbers for the network trained on samples" in text
    assert "a sample costs 291.50 nats for the network trained on means" in text


@pytest.mark.parametrize(
    ("first", "second", "compares"),
    [
        (told(), told("quadrature"), "Both were trained for −ELBO"),
        (told(), told(samples=10), "Both were trained for −ELBO"),
        (told(beta=4.0), told(beta=4.0, seed=1), "Both were trained for the same loss"),
        (told("mean"), told("mean", seed=1), "Both were trained for the same loss"),
        (told(), told("mean"), "loss over samples + KL, the network trained on means for loss at"),
        (told(), told(beta=4.0), "trained for loss over samples + KL, the network trained on"),
        (told(beta=4.0), told(), "β = 4 was trained for loss over samples + 4 × KL, the"),
        (told("autoencoder"), told("mean"), "trained for the loss at μ alone, the network trained"),
        (told("blog"), told(), "the blog's recipe was trained for a sum whose two halves read σ"),
    ],
)
def test_losses_that_do_not_compare_are_marked(first: Told, second: Told, compares: str) -> None:
    text = comparable_text(first, second)
    assert compares in text
    assert ("do not compare" in text) == (not compares.startswith("Both"))


def test_labels_tell_two_runs_apart() -> None:
    mine, other = told(whose="yours"), told()
    assert label_of(mine, MEAN_RUN) == label_of(other, None) == "trained on samples"
    assert (label_of(mine, other), label_of(other, mine)) == ("yours", "recorded")
    assert label_of(told(beta=392.0, samples=10, whose="yours"), MEAN_RUN) == "yours"  # too long
