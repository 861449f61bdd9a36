"""What the family of q costs over many test images: measured once for each shipped model.

python -m vae_core.experiments.family_record    # assets/experiments/families.json, minutes
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ..arrays import Array
from ..inference.families import fit
from ..inference.loaded_model import LoadedModel, load_model
from ..inference.true_posterior import TruePosterior
from ..models.catalogue import shipped_models
from ..models.data import ASSETS
from .rule import chosen_images
from .view import view_of

__all__ = ["FILE", "Slacks", "measure", "recorded"]

FILE = ASSETS / "experiments" / "families.json"
TOLERANCE = 1e-3  # nats: of -log p(x)


@dataclass(frozen=True)
class Slacks:
    """How far q's are from the true posterior, image by image, in nats.

    Attributes:
        own: of the encoder's q, `(images,)`.
        diagonal, full: of the best Gaussian found, without and with a correlation.
    """

    own: Array
    diagonal: Array
    full: Array


def measure(model: LoadedModel, images: Array) -> Slacks:
    """The slack of the encoder's q and of the two fits, for some test images.

    Args:
        model: one that has a q.
        images: indices; an image whose -log p(x) is not answered is left out.
    """
    rows = []
    for image in images:
        x = model.test.pixels(slice(int(image), int(image) + 1))[0]
        view = view_of(model, x, evidence_tolerance=TOLERANCE)
        if np.isnan(view.negative_log_evidence):
            continue

        def loss(z: Array, x: Array = x) -> Array:
            return model.network.reconstruction_loss(x, z)

        posterior, start = TruePosterior(loss, view.evidence), (view.mean, view.stddev)
        rows.append(
            [view.slack, *(fit(name, posterior, start).slack for name in ("diagonal", "full"))]
        )
    own, diagonal, full = np.array(rows).reshape(-1, 3).T
    return Slacks(own, diagonal, full)


@cache
def _file(path: Path) -> dict[str, dict[str, list[float]]]:
    try:
        found: dict[str, dict[str, list[float]]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the page then shows less
        return {}
    return found if isinstance(found, dict) else {}


def recorded(model: LoadedModel) -> Slacks | None:
    """What was measured for these weights; None for weights that were not shipped."""
    found = _file(FILE).get(model.metadata.weights_sha256)
    if not found:
        return None
    return Slacks(*(np.array(found[key]) for key in ("own", "diagonal", "full")))


def main() -> None:
    """Measures all shipped models that have a q."""
    found: dict[str, dict[str, list[float]]] = {}
    for name, one in shipped_models().items():
        model = load_model(one.folder)
        if not model.has_posterior:
            continue
        slacks = measure(model, chosen_images(len(model.mean)))
        found[model.metadata.weights_sha256] = {
            key: [round(float(value), 4) for value in getattr(slacks, key)]
            for key in ("own", "diagonal", "full")
        }
        print(f"{name}: {slacks.own.mean():.2f} nats, of the family {slacks.diagonal.mean():.2f}")
        FILE.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
