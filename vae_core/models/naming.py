"""What models are called on a page: what they were trained on, in words that are no symbol."""

from .checkpoint import Metadata
from .settings import ModelConfig, TrainingConfig

__all__ = ["NUMERALS", "called", "heading", "spoken"]

NUMERALS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def called(trained: Metadata | TrainingConfig) -> str:
    """What a network was trained on: "trained on samples", "trained on means, 3 × 512"."""
    config = trained if isinstance(trained, TrainingConfig) else trained.training
    objective = config.trained_for
    name = objective.called
    if objective.called_many and config.samples > 1:
        many = NUMERALS[config.samples] if config.samples < len(NUMERALS) else str(config.samples)
        name = objective.called_many.format(samples=many)
    layers = config.model.hidden
    if layers != ModelConfig().hidden:
        same = len(set(layers)) == 1
        name += f", {len(layers)} × {layers[0]}" if same else f", {'-'.join(map(str, layers))}"
    if config.beta != 1 and objective.has_kl:
        name += f", β = {config.beta:g}"
    return name


def heading(trained: Metadata | TrainingConfig) -> str:
    """The same with a capital, to stand at the head of something."""
    name = called(trained)
    return name[0].upper() + name[1:]


def spoken(trained: Metadata) -> str:
    """The same in the middle of a sentence: "the network trained on samples"."""
    name = called(trained)
    if name.startswith("an "):
        return f"the {name[3:]}"
    return f"the network {name}" if name.startswith("trained") else name
