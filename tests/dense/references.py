"""Values of the random views: python -m tests.dense.references [FILE]

Goes on where an earlier run stopped; without FILE it writes `values.npz` beside this module. An
hour of one processor.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .evidence import plane
from .reference import NAMES
from .tables import WIDE_MODELS, expectation
from .views import COUNT, view

__all__ = ["STORED", "WITH_EVIDENCE", "Stored"]

STORED = Path(__file__).with_name("values.npz")
WITH_EVIDENCE = 36 * len(NAMES)  # the first views: log p(x) takes longer
OFTEN = 60.0  # seconds between two savings


class Stored:
    """What was computed of the views so far; NaN elsewhere.

    Attributes:
        value: E over q of the loss, `(views,)` in nats.
        error: how far it may be off.
        evidence: -log p(x); infinite where the mass reaches the edge of the plane.
        evidence_error: how far it may be off.
        mark: of the view, which tells whether the values are of it.
    """

    def __init__(self, path: Path = STORED):
        self.path = path
        self.value, self.error, self.evidence, self.evidence_error = np.full((4, COUNT), np.nan)
        self.mark: NDArray[np.uint32] = np.zeros(COUNT, np.uint32)
        if path.exists():
            with np.load(path) as archive:
                self.__dict__ |= {key: archive[key] for key in archive}

    def save(self) -> None:
        """Writes the file; whoever reads it meanwhile finds the last one whole."""
        partial = self.path.with_name(f".{self.path.name}.new.npz")
        np.savez_compressed(
            partial,
            value=self.value,
            error=self.error,
            evidence=self.evidence,
            evidence_error=self.evidence_error,
            mark=self.mark,
        )
        partial.replace(self.path)

    def missing(self) -> Iterator[tuple[int, bool]]:
        """Views that lack a value (or, if True, log p(x)): some of every model first."""
        first, others = range(WITH_EVIDENCE), range(WITH_EVIDENCE, COUNT)
        for numbers in (first, others):
            # The tables of the wide ones take minutes: they come when others are there.
            for late in (False, True):
                for n in numbers:
                    if (NAMES[n % len(NAMES)] in WIDE_MODELS) is late and np.isnan(self.value[n]):
                        yield n, False
            for n in numbers:
                if numbers is first and np.isnan(self.evidence[n]):
                    yield n, True

    def compute(self, n: int, evidence: bool) -> None:
        """One number of one view."""
        one = view(n)
        self.mark[n] = one.mark
        if evidence:
            found = plane(one.model).negative_log_evidence(one.x)
            self.evidence[n], self.evidence_error[n] = np.nan_to_num(found, nan=np.inf)
        else:
            self.value[n], self.error[n] = expectation(one.model, one.x, one.mean, one.scaled)


def main(path: Path = STORED) -> int:
    """Computes what is missing; returns the exit status."""
    stored, saved = Stored(path), time.monotonic()
    for n, evidence in stored.missing():
        stored.compute(n, evidence)
        if time.monotonic() - saved > OFTEN:
            stored.save()
            saved = time.monotonic()
            print(f"{np.isfinite(stored.value).sum()} of {COUNT}, at view {n}", flush=True)
    stored.save()
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
