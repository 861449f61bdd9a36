"""A number has one name and one error wherever it is shown: panel, table, script."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vae_core.experiments import Choices, Quantity, View, compute_view
from vae_core.experiments.quantity import BOUND, KINDS, LEAST_SAMPLES, STANDARD_ERROR, nats
from vae_core.experiments.view_files import view_csv, view_script
from vae_core.experiments.wording import numbers

from .explore_page import choices, loaded

ROOT = Path(__file__).resolve().parents[1]
VIEWS: dict[str, dict[str, Any]] = {
    "the default": {},
    "a mean-trained model": {"model": "mean", "image": 1367},
    "one sample": {"k": 1},
    "a few samples": {"k": LEAST_SAMPLES - 1},
    "enough samples": {"k": LEAST_SAMPLES, "image": 65, "model": "blog"},
    "the stddev at 0": {"scale": 0.0},
    "a point without evidence": {"z": (50.0, -50.0), "scale": 2.5},
    "without a q": {"model": "autoencoder", "image": 18},
    "a small integral": {"model": "sample-10", "scale": 0.05, "seed": 3},
}
EACH = pytest.mark.parametrize("kind", VIEWS)


def view(kind: str) -> View:
    chosen = choices(**VIEWS[kind])
    return compute_view(loaded(chosen.model), chosen)


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


# --- the kinds -----------------------------------------------------------------------------------


def test_names_and_keys_are_unique() -> None:
    for kinds in (
        [kind.name for kind in KINDS.values()],
        [kind.symbol for kind in KINDS.values()],
        [kind.sentence for kind in KINDS.values()],
    ):
        assert len(set(kinds)) == len(KINDS)
        assert all(kinds)
    for key, kind in KINDS.items():
        assert kind.key == key
        assert key.isidentifier()
        assert kind.sentence.endswith(".")
        assert math.isnan(kind.value)


def test_what_has_no_row_of_its_own_stands_beside_one_that_has() -> None:
    beside = {key: kind.beside for key, kind in KINDS.items() if kind.beside}
    assert beside == {"predicted_price": "price"}
    assert all(not KINDS[row].beside for row in beside.values())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.234, "1.23"),
        (-1.236, "−1.24"),
        (0.0, "0.00"),
        (-0.001, "0.00"),
        (-0.0051, "−0.01"),
        (1234.5, "1234.50"),
        (math.inf, "∞"),
        (math.nan, "not answered"),
    ],
)
def test_nats_are_written_with_two_decimals(value: float, shown: str) -> None:
    assert nats(value) == shown
    assert Quantity("key", "name", "", "", value=value).shown == shown


@pytest.mark.parametrize(
    ("error", "certainty"),
    [
        (0.0, "exact"),
        (0.0049, "exact"),
        (0.005, "within 0.01"),
        (0.01, "within 0.01"),
        (0.0101, "within 0.02"),
        (1.231, "within 1.24"),
        (math.nan, ""),
        (math.inf, ""),
    ],
)
def test_an_error_below_half_a_unit_is_exact(error: float, certainty: str) -> None:
    kind = KINDS["slack"].of(1.0, error)
    assert kind.certainty == certainty
    assert kind.name == KINDS["slack"].name
    assert math.isnan(KINDS["slack"].value)  # unchanged


@pytest.mark.parametrize(
    ("error", "certainty"),
    [(0.0, "± 0.00"), (0.0049, "± 0.00"), (0.231, "± 0.23"), (math.nan, ""), (math.inf, "")],
)
def test_an_average_over_samples_is_never_exact(error: float, certainty: str) -> None:
    assert KINDS["sampled_loss"].of(1.0, error).certainty == certainty


def test_the_two_kinds_of_error_are_told_apart() -> None:
    kinds = {key: kind.error_kind for key, kind in KINDS.items()}
    assert kinds == {
        "loss_at_mean": "",
        "sampled_loss": STANDARD_ERROR,
        "price": BOUND,
        "predicted_price": "",
        "kl": "",
        "negative_elbo": BOUND,
        "negative_log_evidence": BOUND,
        "slack": BOUND,
    }


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_has_no_finite_value_has_no_error(value: float) -> None:
    assert math.isnan(KINDS["slack"].of(value, 0.5).error)
    assert KINDS["slack"].of(value).certainty == ""
    assert KINDS["price"].of(math.nan, missing="no q").shown == "no q"


# --- the rows of a view --------------------------------------------------------------------------


@EACH
def test_rows_are_the_numbers_of_the_view_with_their_errors(kind: str) -> None:
    v = view(kind)
    rows = v.rows()
    assert [row.key for row in rows] == list(KINDS)
    value, error = ({row.key: getattr(row, name) for row in rows} for name in ("value", "error"))
    expected = {key: getattr(v, key) for key in KINDS if key != "sampled_loss"}
    expected["sampled_loss"] = float(v.sampled_loss.value)
    trained_by_price = v.has_posterior and kind != "a mean-trained model"
    assert math.isnan(v.predicted_price) != trained_by_price
    if not v.has_posterior:
        expected |= dict.fromkeys(("sampled_loss", "price", "predicted_price"), math.nan)
    assert all(same(value[key], expected[key]) for key in KINDS)
    integral, evidence = float(v.expected_loss.error[0]), float(v.evidence.error[0])
    errors = {
        "loss_at_mean": 0.0,
        "sampled_loss": float(v.sampled_loss.error) if len(v.losses) >= 8 else math.nan,
        "price": integral,
        "predicted_price": math.nan,
        "kl": 0.0,
        "negative_elbo": integral,
        "negative_log_evidence": evidence,
        "slack": integral + evidence,
    }
    for key in KINDS:
        assert same(error[key], errors[key] if math.isfinite(expected[key]) else math.nan), key


@EACH
def test_the_panel_shows_the_rows(kind: str) -> None:
    v = view(kind)
    rows = {row.key: row for row in v.rows()}
    shown = numbers(v)
    own = [row for row in rows.values() if not row.beside]
    for cells, row in zip(shown, own, strict=True):
        assert (cells["name"], cells["symbol"]) == (row.name, row.symbol)
        assert (cells["sentence"], cells["colour"]) == (row.sentence, row.colour)
        assert cells["value"] == row.shown
        assert cells["error"] == row.certainty
    beside = {cells["name"]: cells["beside"] for cells in shown if cells["beside"]}
    told = v.has_posterior and not math.isnan(v.predicted_price)
    predicted = {rows["price"].name: f"predicted {nats(v.predicted_price)}"}
    assert beside == (predicted if told else {})


@EACH
def test_the_table_holds_the_rows_in_full(kind: str) -> None:
    v, chosen = view(kind), choices(**VIEWS[kind])
    cells = [row for row in csv_rows(v, chosen) if row["unit"] == "nats" and not row["sample"]]
    assert [row["quantity"] for row in cells] == list(KINDS)
    for row, quantity in zip(cells, v.rows(), strict=True):
        assert row["value"] == ("" if math.isnan(quantity.value) else repr(quantity.value))
        exact = not quantity.error and quantity.error_kind != STANDARD_ERROR
        stated = not exact and not math.isnan(quantity.error)
        assert row["error"] == (repr(quantity.error) if stated else "")
        assert row["error_kind"] == (quantity.error_kind if stated else "")
        assert bool(row["error_kind"]) == bool(row["error"])
    assert all(not row["error_kind"] for row in csv_rows(v, chosen) if row not in cells)


def csv_rows(v: View, chosen: Choices) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(view_csv([("m", v)], chosen), newline="")))


@EACH
def test_the_script_prints_the_rows(
    kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    v, chosen = view(kind), choices(**VIEWS[kind])
    monkeypatch.chdir(ROOT)
    exec(compile(view_script([chosen.model], chosen), "view.py", "exec"), {"__name__": "__main__"})
    title, *lines = capsys.readouterr().out.splitlines()
    mean, stddev = v.mean.round(2), (v.scale * v.stddev).round(3)
    assert title == f"assets/models/{chosen.model}: mean {mean}, stddev {stddev}"
    printed = [(line[:22].strip(), line[22:35].strip(), line[35:].strip()) for line in lines]
    assert printed == [
        (row.key, row.shown.replace("−", "-"), row.certainty)
        for row in v.rows()
        if row.shown not in ("", "no q")
    ]


def test_the_views_are_of_every_kind() -> None:
    found = [row for kind in VIEWS for row in view(kind).rows()]
    assert {"not answered", "no q", "∞", "0.00"} <= {row.shown for row in found}
    certainties = {row.certainty for row in found}
    assert {"", "exact"} < certainties
    for beginning in ("±", "within"):
        assert any(np.char.startswith([*certainties], beginning))
