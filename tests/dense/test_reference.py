"""The dense computation itself: against what is known in closed form, and by other roads."""

import ast
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from . import evidence, references, searches, tables, views
from . import reference as dense
from .evidence import Plane
from .reference import NAMES, Array, Net, expected_loss, kl, net
from .searches import hole_share, least
from .tables import Table, positive_part
from .views import COUNT, view

OWN = (dense, evidence, references, searches, tables, views)


class Bowl(Net):
    """A loss of (z₁ - 1)² + 3 z₁ z₂ + exp(z₂) in place of a decoder's."""

    def __init__(self) -> None:
        pass

    def losses(self, x: NDArray[np.floating], z: Array) -> Array:
        return (z[:, 0] - 1) ** 2 + 3 * z[:, 0] * z[:, 1] + np.exp(z[:, 1])


@pytest.mark.parametrize("module", OWN, ids=lambda module: module.__name__)
def test_nothing_of_the_project_is_imported(module: object) -> None:
    """What a module imports lies beside it, in NumPy or in Python."""
    tree = ast.parse(Path(str(vars(module)["__file__"])).read_text())
    nodes = list(ast.walk(tree))
    imported = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    assert {node.level for node in imported if node.level} <= {1}
    roots = {str(node.module).split(".")[0] for node in imported if not node.level}
    roots |= {
        a.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for a in node.names
    }
    assert "vae_core" not in roots
    assert "numpy" in roots


def test_a_lattice_integrates_what_is_known() -> None:
    mean, stddev = np.array([0.7, -0.4]), np.array([0.5, 1.3])
    value, error = expected_loss(Bowl(), np.zeros(1), mean, stddev)
    own = (0.7 - 1) ** 2 + 0.5**2 + 3 * 0.7 * -0.4 + math.exp(-0.4 + 1.3**2 / 2)
    assert value == pytest.approx(own, abs=1e-6)
    assert error < 1e-3


def test_a_lattice_at_no_width_is_the_loss_at_the_mean() -> None:
    mean = np.array([0.7, -0.4])
    value, error = expected_loss(Bowl(), np.zeros(1), mean, np.zeros(2))
    assert value == pytest.approx(0.3**2 - 0.84 + math.exp(-0.4))
    assert error == 0


def test_kl_is_the_mean_of_the_log_ratio() -> None:
    mean, stddev = np.array([0.7, -2.4]), np.array([0.05, 1.3])
    u = dense.lattice(0.1)[0]
    weight = np.exp(-0.5 * (u**2).sum(axis=1))
    log_ratio = 0.5 * ((mean + stddev * u) ** 2 - u**2).sum(axis=1) - np.log(stddev).sum()
    assert kl(mean, stddev) == pytest.approx(weight @ log_ratio / weight.sum(), rel=1e-7)
    assert kl(mean, np.zeros(2)) == math.inf


def test_the_loss_is_the_binary_cross_entropy() -> None:
    one = view(NAMES.index("large"))
    model, z = net("large"), np.array([[0.3, -1.2], [30.0, 4.0]])
    logits = model.activations(z) @ model.kernel + model.bias
    own = (np.logaddexp(0, logits) - one.x.astype(np.float64) * logits).sum(axis=1)
    assert model.losses(one.x, z) == pytest.approx(own, abs=1e-5)
    assert model.picture(z[0]) == pytest.approx(1 / (1 + np.exp(-logits[0])))


def test_a_positive_part_has_the_mean_that_is_known() -> None:
    # E max(0, a) = s φ(m/s) + m Φ(m/s)
    mean, stddev = np.array([0.0, 1.0, -2.0, 5.0]), np.array([1.0, 2.0, 1.5, 0.1])
    d = mean / stddev
    below = np.array([0.5 * math.erfc(-one / math.sqrt(2)) for one in d])
    own = stddev * np.exp(-0.5 * d**2) / math.sqrt(2 * math.pi) + mean * below
    assert positive_part(mean, stddev) == pytest.approx(own, abs=1e-7)


def test_a_table_and_a_lattice_find_the_same() -> None:
    one = view(NAMES.index("mean"))
    mean, stddev = one.mean.clip(-2, 2), np.array([0.9, 1.1])
    small = Table(net("mean"), half=10, spacing=1 / 12)
    assert small.holds(mean, stddev)
    value, error = small.expected_loss(one.x, mean, stddev)
    own, own_error = expected_loss(net("mean"), one.x, mean, stddev, finest=1 / 16)
    assert own_error < 0.5
    assert abs(value - own) <= error + own_error
    assert not small.holds(np.array([9.0, 0.0]), stddev)
    with pytest.raises(ValueError, match="one hidden layer"):
        Table(net("large"), half=10, spacing=1)


def test_evidence_is_what_a_turned_lattice_sums_to() -> None:
    first = NAMES.index("sample")
    one = next(v for v in map(view, range(first, COUNT, len(NAMES))) if v.kind == "test")
    own, error = Plane(net("sample"), half=5.0).negative_log_evidence(one.x)
    spacing = 1 / 32
    z, member = dense.lattice(spacing, reach=5.0)
    joint = -net("sample").losses(one.x, z) - 0.5 * (z**2).sum(axis=1)
    mass = np.exp(joint - joint.max())
    value = -(joint.max() + math.log(mass.sum() * spacing**2 / (2 * math.pi)))
    four = -np.log(4 * np.bincount(member, mass, 4) / mass.sum())
    assert np.ptp(four) < 0.1  # fine enough for this posterior
    assert abs(value - own) <= error + np.ptp(four) / 4


def test_the_least_value_is_that_of_the_deepest_valley() -> None:
    def curve(t: float, rough: bool) -> dense.Value:
        return min((t + 3) ** 2, 2 * (t - 0.1234) ** 2 - 0.1), 0.001

    value, error = least(curve, 1e-4, 2.0)
    assert value == pytest.approx(-0.1, abs=1e-4)
    assert error == 0.001
    assert least(lambda t, rough: (-t, 0.0), 0.1, 2.0)[0] == pytest.approx(-math.log(2))


def test_holes_of_known_size() -> None:
    assert hole_share(np.zeros((1, 2)), 1.5) == pytest.approx(math.exp(-(1.5**2) / 2), abs=1e-4)
    twice = np.array([[-1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    apart = hole_share(twice, 0.5)
    one = hole_share(twice[:1], 0.5)
    assert 1 - apart == pytest.approx(2 * (1 - one), abs=1e-4)
    assert hole_share(np.array([[50.0, 0.0]]), 0.5) == pytest.approx(1)
