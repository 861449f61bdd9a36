"""The sentences about a training run, computed from how it stands."""

from ...experiments.phrases import significant
from ...experiments.quantity import nats, plus_minus, remainder
from ..server.jobs import JobView

__all__ = ["progress_text", "run_verdict", "waiting_text"]

COLLAPSED = 0.05  # nats of KL
SMALL_PRICE = 0.05  # of the loss at the mean
DRAWN = 2000  # test images, as `training.snapshot.SHOWN`


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


def run_verdict(view: JobView) -> str:
    """How a run ended, and what its last complete epoch says about sampling."""
    return f"{_ending(view)} {_finding(view)}".strip()


def _ending(view: JobView) -> str:
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


def _finding(view: JobView) -> str:
    if not view.epoch:
        return ""
    last = view.measures[-1]
    at_mean, sampled = last["loss_at_mean"], last["sampled_loss"]
    kl, stddev = last["kl"], last["stddev"]
    if at_mean is None:
        return ""
    drawn = f"Over the {DRAWN:,} test images drawn"
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
