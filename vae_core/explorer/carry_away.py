"""A view to carry away: its numbers as a table, and as a script that computes them again.

Nothing is drawn here; `carry_buttons` hands out what this module writes.
"""

import csv
import io
import json
import math
from collections.abc import Sequence

from .models import FASHION_NAMES, MODEL_NAMES
from .state import Choices
from .view import TOLERANCE, View

__all__ = ["SCRIPT_FILE", "view_csv", "view_script"]

SCRIPT_FILE = "view.py"
MAX_ORDER = 32  # of the quadrature, as in `compute_view`

COLUMNS = (
    "model",
    "quantity",
    "sample",
    "z_1",
    "z_2",
    "value",
    "error",
    "unit",
    "picture",
    "k",
    "scale",
    "seed",
)
Row = tuple[str, float, float]  # quantity, value, error


def view_csv(views: Sequence[tuple[str, View]], choices: Choices) -> str:
    """The numbers of a view as one table, a row for each number, a row for each sample.

    Every row says to which model and choices it belongs: a spreadsheet can filter it, and tables
    of several views can be put below each other. Empty cells: there is no such number, or the
    page does not answer; no error is stated for what is exact.

    Args:
        views: names of the models, and what each makes of the picture.
        choices: which picture and which samples.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)  # rows end in \r\n
    writer.writerow(COLUMNS)
    common = [_text(_picture(choices)), str(choices.k), _number(choices.scale), str(choices.seed)]
    for name, view in views:
        nats, place = _numbers(view)
        for unit, rows in (("nats", nats), ("", place)):
            for quantity, value, error in rows:
                cells = [quantity, "", "", "", _number(value), _number(error), unit]
                writer.writerow([_text(name), *cells, *common])
    for name, view in views:
        if not view.stddev.any():  # without a q there is nothing to sample
            continue
        for i, (z, loss) in enumerate(zip(view.z, view.losses, strict=True), start=1):
            cells = ["loss_of_sample", str(i), *map(_number, z), _number(loss), "", "nats"]
            writer.writerow([_text(name), *cells, *common])
    return file.getvalue()


def _numbers(view: View) -> tuple[list[Row], list[Row]]:
    """The numbers of the page's table, in nats; mean and stddev of q."""
    quadrature = float(view.expected_loss.error[0])
    evidence = float(view.evidence.error[0])
    has_q, bounded = bool(view.stddev.any()), math.isfinite(view.kl)
    nan = math.nan
    nats = [
        ("loss_at_mean", view.loss_at_mean, nan),
        (
            "sampled_loss",
            float(view.sampled_loss.value) if has_q else nan,
            float(view.sampled_loss.error) if has_q else nan,
        ),
        ("price", view.price if has_q else nan, quadrature if has_q else nan),
        ("predicted_price", view.predicted_price if has_q else nan, nan),
        ("kl", view.kl, nan),
        ("negative_elbo", view.negative_elbo, quadrature if bounded else nan),
        ("negative_log_evidence", view.negative_log_evidence, evidence),
        ("slack", view.slack, quadrature + evidence if bounded else nan),
    ]
    # What has no value has no error either.
    nats = [(name, value, nan if math.isnan(value) else error) for name, value, error in nats]
    place = [
        *((f"mean_{i}", float(value), nan) for i, value in enumerate(view.mean, start=1)),
        *((f"stddev_{i}", float(value), nan) for i, value in enumerate(view.stddev, start=1)),
    ]
    return nats, place


def _picture(choices: Choices) -> str:
    if choices.draw:
        return "drawing"
    if choices.z is not None:
        return f"decoded at z = {choices.z[0]}, {choices.z[1]}"
    return f"test image {choices.image}"


def _number(value: float) -> str:
    """In full; a spreadsheet reads it as a number."""
    return "" if math.isnan(value) else repr(float(value))


def _text(value: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


# --- the script ----------------------------------------------------------------------------------

SCRIPT = """\
{doc}

import sys
from pathlib import Path

import numpy as np

from vae_core import {modules}
from vae_core.evaluation import expected_loss, half_width

{picture}, K, SCALE, SEED = {value}, {k}, {scale}, {seed}
sys.stdout.reconfigure(encoding="utf-8")  # for ∞, wherever the output goes
epsilon = np.random.default_rng(SEED).standard_normal((K, 2))
for folder in {folders}:
    network, metadata = checkpoint.load(Path(folder))
    test = data_files.data_of(metadata.data_sha256, Path(folder)).images("test")[:10_000]
    grid = evidence.EvidenceGrid(network, half_width(*network.encode(data.pixels(test))))
{x}
    mean, stddev = network.encode(x)  # of q(z|x), (1, 2) each
    sigma = SCALE * stddev
    at_mean = network.reconstruction_loss(x, mean)
    sampled = estimators.monte_carlo(network.reconstruction_loss(x, mean + sigma * epsilon))
    loss = expected_loss(network, grid, x, mean, sigma, {settings})
    kl, exact = gaussian.kl(mean, sigma), grid(x, tolerance={tolerance})
    rows = [
        ("loss_at_mean", at_mean, 0.0),
        ("sampled_loss", sampled.value, sampled.error),
        ("price", loss.value - at_mean, np.nan),
        ("predicted_price", SCALE**2 * estimators.predicted_price(stddev), np.nan),
        ("kl", kl, 0.0),
        ("negative_elbo", loss.value + kl, loss.error),
        ("negative_log_evidence", -exact.log_evidence, exact.error),
        ("slack", loss.value + kl + exact.log_evidence, loss.error + exact.error),
    ]
    print(f"{{folder}}: mean {{mean[0].round(2)}}, stddev {{sigma[0].round(3)}}")
    for name, value, error in rows if stddev.any() else rows[:1] + rows[4:]:  # without a q
        value, error = np.asarray(value).item(), np.asarray(error).item()
        number = "not answered" if np.isnan(value) else f"{{value:z.2f}}".replace("inf", "∞")
        sure = f"± {{error:.2f}}" if error >= 0.005 else "exact"
        print(f"{{name:22}}{{number:>13}}  {{sure if np.isfinite(value + error) else ''}}")
"""


def view_script(models: Sequence[str], choices: Choices) -> str:
    """A script that computes the numbers of a view again and prints what the page shows.

    Each row of the page's table is a line, the predicted price below the price; a row that the
    page leaves empty for want of a q is left out. It needs NumPy and `vae_core`, run in a
    checkout: shipped models are read from `assets/models`, others from a folder of their name.

    Args:
        models: names of the models on the page.
        choices: which picture and which samples.
    """
    models = [name for name in dict.fromkeys(models) if name != "none"]
    own = [name for name in models if name not in (*MODEL_NAMES, *FASHION_NAMES)]
    modules = ["checkpoint", "data", "data_files", "estimators", "evidence", "gaussian"]
    value: object
    if choices.draw:
        modules.append("drawing")
        picture, value = "DRAWING", json.dumps(choices.draw)
        x = ["x = data.pixels(drawing.unpack(DRAWING)[None])"]
    elif choices.z is not None:
        modules.append("bernoulli")
        picture, value = "Z", choices.z
        x = [
            "levels = np.round(255 * bernoulli.sigmoid(network.decode(np.array(Z))))",
            "x = data.pixels(levels.astype(np.uint8)[None])",
        ]
    else:
        picture, value = "IMAGE", choices.image
        x = ["x = data.pixels(test[[IMAGE]])"]
    return SCRIPT.format(
        doc=_docstring(own),
        modules=", ".join(sorted(modules)),
        picture=picture,
        value=value,
        k=choices.k,
        scale=choices.scale,
        seed=choices.seed,
        folders=json.dumps([name if name in own else f"assets/models/{name}" for name in models]),
        x="\n".join(f"    {line}" for line in x) + "",
        tolerance=TOLERANCE,
        settings=f"tolerance={TOLERANCE}, max_order={MAX_ORDER}",
    )


def _docstring(own: Sequence[str]) -> str:
    zips = " and ".join(f"{name}.zip" for name in own)
    bring = f"Unzip {zips} there first, into a folder of that name.\n" if own else ""
    return f'''"""The numbers of a view of the VAE explorer, in nats, computed from vae_core alone.

Run it in the explorer's folder: python {SCRIPT_FILE}. A minus is a plain hyphen here.
{bring}"""'''
