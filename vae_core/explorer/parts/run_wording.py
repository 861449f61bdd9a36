"""The sentences about a training run, computed from how it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...experiments.phrases import ONE_RUN, significant
from ...experiments.quantity import nats, plus_minus, remainder
from ...models.frames import SHOWN
from ...models.naming import called
from ...models.settings import TrainingConfig
from ..server.jobs import JobView

__all__ = [
    "Told",
    "comparable_text",
    "ending_text",
    "finding_text",
    "label_of",
    "pair_text",
    "progress_text",
    "waiting_text",
]

COLLAPSED = 0.05  # nats of KL
SMALL_PRICE = 0.05  # of the loss at the mean
LONGEST = 26  # letters of a label in a chart


def waiting_text(place: int, waiting: int, runs: int) -> str:
    """Where a run stands in the queue."""
    at_once = "One run" if runs == 1 else f"{runs} runs"
    return f"Waiting: place {place} of {waiting}. {at_once} at a time on this server."


def progress_text(view: JobView) -> str:
    """How far a run is, how fast, and how long it will take."""
    if not view.frames:
        return "Loading TensorFlow"
    if not view.steps:
        return "Compiling the network; the first epoch takes a few seconds more"
    text = f"Epoch {min(view.epoch + 1, view.config.epochs)} of {view.config.epochs}"
    if view.epoch == view.config.epochs:
        return "Writing the model"
    if view.rate:
        text += f" · {view.rate:.0f} steps per second"
    if view.seconds_left is not None:
        text += f" · {_duration(view.seconds_left)} left"
    return text


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def ending_text(view: JobView) -> str:
    """How a run ended, and what is kept of it."""
    epochs = "1 epoch" if view.epoch == 1 else f"{view.epoch} epochs"
    if view.outcome == "failed":
        return view.message
    if view.outcome == "finished":
        return f"Finished after {epochs}."
    kept = f"the model after {epochs} is kept." if view.epoch else "no epoch was complete."
    return {
        "cancelled": f"Cancelled; {kept}",
        "timeout": f"Ended by this server's limit on time; {kept}",
        "left": f"Stopped when the page was closed; {kept}",
    }[view.outcome]


def finding_text(view: JobView) -> str:
    """What a run's last complete epoch says about sampling; nothing before there is one."""
    if not view.epoch:
        return ""
    last = view.measures[-1]
    at_mean, sampled = last["loss_at_mean"], last["sampled_loss"]
    kl, stddev = last["kl"], last["stddev"]
    if at_mean is None:
        return ""
    drawn = f"Over the {SHOWN:,} test images drawn"
    if view.config.objective == "autoencoder":
        return (
            f"{drawn}, the loss at the code is {nats(at_mean)} nats; there is no q: nothing to "
            "sample, and no bound on log p(x)."
        )
    if sampled is None or kl is None or stddev is None:
        return (
            f"{drawn}, the loss at the mean is {nats(at_mean)} nats; a sample's is beyond all "
            "numbers."
        )
    price = remainder(sampled, at_mean)
    stderr = last.get("price_stderr")
    spread = f" {plus_minus(stderr)}" if stderr is not None else ""
    compared = f"{nats(sampled)} against {nats(at_mean)} nats"
    verb = "costs" if price >= 0 else "saves"
    figures = (
        f"{drawn}, one z each, decoding a sample {verb} "
        f"{nats(abs(price))}{spread} nats ({compared}) and the KL is {nats(kl)}: −ELBO "
        f"{nats(round(sampled, 2) + round(kl, 2))}{spread}; the median σ is {significant(stddev)}."
    )
    if kl < COLLAPSED:
        figures += (
            " **Collapsed:** every q is nearly the prior, and a sample of it tells no more than "
            f"{nats(kl)} nats about its image."
        )
    elif price > SMALL_PRICE * at_mean:
        figures += f" **A sample's loss is {significant(sampled / at_mean)} times the mean's.**"
    return f"{figures} {_objective(view)}".strip()


def _objective(view: JobView) -> str:
    """The test loss of the run beside the figures above, and what it compares with."""
    losses = view.history.get("test_loss")
    if not losses or not losses[-1] < float("inf"):
        return ""
    last, own = nats(losses[-1]), view.config
    told = f"The test loss of its last epoch, {last}, is over all test images"
    if own.objective == "sample" and own.beta == 1:
        return f"{told}, each with draws of its own: another estimate of the same −ELBO."
    if own.objective == "quadrature" and own.beta == 1:
        return f"{told}, by the run's own quadrature: −ELBO as it was trained."
    return (
        f"{told}, and is this run's own objective, not −ELBO: it does not compare with the loss "
        "of another objective."
    )


# --- two runs side by side -----------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A run as sentences speak of it.

    Attributes:
        config: its settings.
        epochs: of its frames.
        measures: of its frames.
        whose: `"yours"` or `"recorded"`.
    """

    config: TrainingConfig
    epochs: Sequence[int]
    measures: Sequence[Mapping[str, float | None]]
    whose: str

    def at(self, epoch: int) -> Mapping[str, float | None] | None:
        """What was measured after an epoch; None where nobody told it."""
        return dict(zip(self.epochs, self.measures, strict=False)).get(epoch)


def label_of(told: Told, other: Told | None) -> str:
    """What a run is called in a chart beside another one."""
    name = called(told.config)
    if len(name) > LONGEST or (other is not None and called(other.config) == name):
        return told.whose
    return name


def pair_text(first: Told, second: Told) -> str:
    """What two runs pay for a sample and where their σ is, after the last epoch that both have."""
    common = sorted({*first.epochs} & {*second.epochs} - {0})
    if not common:
        return ""
    epoch = common[-1]
    found = [first.at(epoch), second.at(epoch)]
    names = _names(first, second)
    prices, widths = (
        [_price(one or {}) for one in found],
        [(one or {}).get("stddev") for one in found],
    )
    after = "After 1 epoch" if epoch == 1 else f"After {epoch} epochs"
    if _same(first, second):
        end = "The same settings and seed: what differs is the rounding of the machines."
    else:
        end = f"{_cause(first, second)} {ONE_RUN}".strip()
    if all(price is not None for price in prices) and all(width is not None for width in widths):
        costs = [_costs(price, one or {}) for price, one in zip(prices, found, strict=True)]
        verbs = [cost.partition(" ")[0] for cost in costs]
        if verbs[0] == verbs[1]:  # said once
            costs[1] = costs[1].partition(" ")[2]
        return (
            f"{after} a sample {costs[0]} nats for {names[0]} and {costs[1]} nats for {names[1]}; "
            f"the median σ is {significant(widths[0] or 0.0)} and "
            f"{significant(widths[1] or 0.0)}. {end}"
        )
    parts = []
    for told, name, price, width, one in zip(
        (first, second), names, prices, widths, found, strict=True
    ):
        if not _has_q(told.config):
            parts.append(f"{name} has no q: no σ, no price, nothing that says where to draw z from")
        elif price is None or width is None:
            parts.append(f"a sample's loss is beyond all numbers for {name}")
        else:
            parts.append(
                f"a sample {_costs(price, one or {})} nats for {name}, "
                f"and the median σ is {significant(width)}"
            )
    return f"{after} {'; '.join(parts)}. {end}"


def comparable_text(first: Told, second: Told) -> str:
    """Whether what two runs were trained for can be compared."""
    keys = [_trained_for(told.config) for told in (first, second)]
    if keys[0] == keys[1] == ("-ELBO", 1.0):
        return "Both were trained for −ELBO, so the two in the last row compare."
    if keys[0] == keys[1]:
        return "Both were trained for the same loss, so the two in the last row compare."
    names = _names(first, second)
    sums = [_sum(told.config) for told in (first, second)]
    return (
        f"The two in the last row do not compare: {names[0]} was trained for {sums[0]}, "
        f"{names[1]} for {sums[1]}. The rows above measure both in one way."
    )


def _names(first: Told, second: Told) -> list[str]:
    if called(first.config) != called(second.config):
        return [_the(first.config), _the(second.config)]
    if first.whose != second.whose:
        return [
            "your run" if told.whose == "yours" else "the recorded run" for told in (first, second)
        ]
    return ["the run on the left", "the one on the right"]


def _the(config: TrainingConfig) -> str:
    name = called(config)
    if name.startswith("an "):
        return f"the {name[3:]}"
    return f"the network {name}" if name.startswith("trained") else name


def _price(measures: Mapping[str, float | None]) -> float | None:
    sampled, at_mean = measures.get("sampled_loss"), measures.get("loss_at_mean")
    return None if sampled is None or at_mean is None else remainder(sampled, at_mean)


def _costs(price: float | None, measures: Mapping[str, float | None]) -> str:
    price = price or 0.0
    stderr = measures.get("price_stderr")
    spread = f" {plus_minus(stderr)}" if stderr is not None else ""
    return f"{'costs' if price >= 0 else 'saves'} {nats(abs(price))}{spread}"


def _has_q(config: TrainingConfig) -> bool:
    return config.trained_for.head != "none"


def _same(first: Told, second: Told) -> bool:
    return first.config == second.config


def _cause(first: Told, second: Told) -> str:
    """Which of the two had the price in the loss that was trained."""
    if not (_has_q(first.config) and _has_q(second.config)):
        return ""
    names = _names(first, second)
    seen = [told.config.trained_for.points != "mean" for told in (first, second)]
    if all(seen):
        return "The price of σ was part of both losses."
    if not any(seen):
        return "The price of σ was part of neither loss: only the KL acts on σ."
    inside, outside = (names[0], names[1]) if seen[0] else (names[1], names[0])
    return f"The price of σ was part of the loss of {inside}; for {outside} only the KL acts on σ."


def _trained_for(config: TrainingConfig) -> tuple[str, float]:
    beta = config.beta if config.trained_for.has_kl else 0.0
    return ("-ELBO" if config.objective in ("sample", "quadrature") else config.objective), beta


def _sum(config: TrainingConfig) -> str:
    weight = "" if config.beta == 1 else f"{config.beta:g} × "
    return {
        "autoencoder": "the loss at μ alone",
        "mean": f"loss at μ + {weight}KL",
        "blog": "a sum whose two halves read σ differently",
    }.get(config.objective, f"loss over samples + {weight}KL")
