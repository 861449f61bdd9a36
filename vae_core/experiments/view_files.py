"""A view as files: its numbers as a table, and as a script that computes them again."""

import csv
import io
import json
import math
from collections.abc import Sequence

from ..models.catalogue import shipped_models
from .choices import Choices
from .quantity import STANDARD_ERROR
from .view import View

__all__ = ["SCRIPT_FILE", "view_csv", "view_script"]

SCRIPT_FILE = "view.py"

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
    "error_kind",  # last, for those who read the others by their place
)


def view_csv(views: Sequence[tuple[str, View]], choices: Choices) -> str:
    """The numbers of a view as one table, a row for each number, a row for each sample.

    Every row says to which model and choices it belongs: a spreadsheet can filter it, and tables
    of several views can be put below each other. Empty cells: there is no such number, or the
    page does not answer; no error is stated for what is exact, for an average over a few samples,
    or for a prediction. `error_kind` tells a standard error from a bound.

    Args:
        views: names of the models, and what each makes of the picture.
        choices: which picture and which samples.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)  # rows end in \r\n
    writer.writerow(COLUMNS)
    common = [_text(_picture(choices)), str(choices.k), _number(choices.scale), str(choices.seed)]
    for name, view in views:
        for row in view.rows():
            # 0 is no error, but for samples that all are the mean: their average is one of samples.
            stated = row.error if row.error or row.error_kind == STANDARD_ERROR else math.nan
            kind = "" if math.isnan(stated) else row.error_kind
            cells = [row.key, "", "", "", _number(row.value), _number(stated), "nats"]
            writer.writerow([_text(name), *cells, *common, kind])
        for key, pair in (("mean", view.mean), ("stddev", view.stddev)):
            for i, value in enumerate(pair, start=1):
                writer.writerow(
                    [_text(name), f"{key}_{i}", "", "", "", _number(value), "", "", *common, ""]
                )
    for name, view in views:
        if not view.has_posterior:  # nothing to sample
            continue
        for i, (z, loss) in enumerate(zip(view.z, view.losses, strict=True), start=1):
            cells = ["loss_of_sample", str(i), *map(_number, z), _number(loss), "", "nats"]
            writer.writerow([_text(name), *cells, *common, ""])
    return file.getvalue()


def _picture(choices: Choices) -> str:
    if choices.draw:
        return "drawing"
    if choices.z is not None:
        by = f" by {choices.decoded_by()}" if choices.decoded_by() else ""
        return f"decoded at z = {choices.z[0]}, {choices.z[1]}{by}"
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

from vae_core.experiments import Choices, compute_view, load_model

choices = Choices(
    {picture},
    k={k},
    scale={scale},
    seed={seed},
)
sys.stdout.reconfigure(encoding="utf-8")  # for ∞, wherever the output goes
{decoder}for folder in {folders}:
    view = compute_view(load_model(Path(folder)), choices{given})
    mean, stddev = view.mean.round(2), (view.scale * view.stddev).round(3)
    print(f"{{folder}}: mean {{mean}}, stddev {{stddev}}")
    for row in view.rows():
        if row.shown not in ("", "no q"):  # row.name, .sentence, .value, .error say more
            print(f"{{row.key:22}}{{row.shown.replace('−', '-'):>13}}  {{row.certainty}}")
"""


def view_script(models: Sequence[str], choices: Choices) -> str:
    """A script that computes the numbers of a view again and prints what the page shows.

    Each row of the page's table is a line, the predicted price below the price; a row that the
    page leaves empty for want of a q, or of a prediction, is left out. It needs NumPy and
    `vae_core`, run in a checkout: shipped models are read from `assets/models`, others from a
    folder of their name.

    Args:
        models: names of the models on the page.
        choices: which picture and which samples.
    """
    models = [name for name in dict.fromkeys(models) if name != "none"]
    own = [name for name in models if name not in shipped_models()]
    if choices.draw:
        picture = f"draw={json.dumps(choices.draw)}"
    elif choices.z is not None:
        picture = f"z={choices.z}"
    else:
        picture = f"image={choices.image}"
    by = choices.decoded_by()
    return SCRIPT.format(
        doc=_docstring(own),
        decoder=f"decoder = load_model(Path({json.dumps(_folder(by))}))\n" if by else "",
        given=", decoder" if by else "",
        picture=picture,
        k=choices.k,
        scale=choices.scale,
        seed=choices.seed,
        folders=json.dumps([_folder(name) for name in models]),
    )


def _folder(name: str) -> str:
    return f"assets/models/{name}" if name in shipped_models() else name


def _docstring(own: Sequence[str]) -> str:
    zips = " and ".join(f"{name}.zip" for name in own)
    bring = f"Unzip {zips} there first, into a folder of that name.\n" if own else ""
    return f'''"""The numbers of a view of the VAE explorer, in nats, computed from vae_core alone.

Run it in the explorer's folder: python {SCRIPT_FILE}. A minus is a plain hyphen here.
{bring}"""'''
