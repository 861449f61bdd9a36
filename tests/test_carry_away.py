"""What a visitor carries away holds the numbers of the page."""

import csv
import io
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vae_core.experiments.choices import Choices
from vae_core.experiments.view import View, decoded_image, view_of
from vae_core.experiments.view_files import view_csv, view_script
from vae_core.experiments.wording import numbers
from vae_core.models import drawn_digit as drawing
from vae_core.models.catalogue import MODELS
from vae_core.models.data import pixels

from .explore_page import SHIPPED, choices, loaded, mnist

ROOT = Path(__file__).resolve().parents[1]
VIEWS = 20
# Of every kind: a point, no noise, the large model, a drawing, far out, one sample, one model.
OFTEN = (1, 2, 3, 5, 7, 9, 13)
LONGEST = 30  # lines
QUANTITIES = {  # names on the page, in the order of its table
    "Loss at the mean": "loss_at_mean",
    "Loss over samples": "sampled_loss",
    "Price of σ": "price",
    "KL to the prior": "kl",
    "−ELBO": "negative_elbo",
    "−log p(x)": "negative_log_evidence",
    "Slack of the bound": "slack",
}
# Runs scripts, each as the main module, and separates what they print.
RUNNER = """
import json, sys
for text in json.load(sys.stdin):
    exec(compile(text, "view.py", "exec"), {"__name__": "__main__"})
    print("---", flush=True)
print(json.dumps(sorted(name for name in sys.modules if name.startswith("vae_core"))))
"""


def drawn() -> NDArray[np.uint8]:
    """A drawing: a test image with fewer grey levels, shifted."""
    picture = drawing.unpack(drawing.pack(np.roll(mnist().images[18], 2, axis=1)))
    assert picture is not None
    return picture


def picture(name: str, chosen: Choices) -> NDArray[np.float32]:
    """What the page shows to a model."""
    if chosen.draw:
        unpacked = drawing.unpack(chosen.draw)
        assert unpacked is not None
        return pixels(unpacked[None])[0]
    if chosen.z is not None:
        return np.asarray(decoded_image(loaded(name), np.array(chosen.z)), np.float32)
    return mnist().pixels(slice(chosen.image, chosen.image + 1))[0]


def view(name: str, chosen: Choices) -> View:
    return view_of(loaded(name), picture(name, chosen), chosen)


def random_views() -> Iterator[Choices]:
    """Views of every kind: models, images, points, drawings, K, multipliers and seeds."""
    random = np.random.default_rng(0)
    quick = [name for name in SHIPPED if name != "large"]
    pairs = [(quick[i % len(quick)], str(random.choice(quick))) for i in range(VIEWS)]
    pairs[3], pairs[8], pairs[13] = ("large", "mean"), ("sample", "large"), ("blog", "none")
    for i, (model, versus) in enumerate(pairs):
        z = tuple(random.normal(0, 1.5, 2).tolist()) if i % 3 == 1 else None
        yield choices(
            model=model,
            versus=versus,
            image=int(random.integers(10_000)),
            z=(50.0, -50.0) if i == 7 else z,  # so far out that the evidence is refused
            draw=drawing.pack(drawn()) if i in (5, 17) else "",
            k=1 if i == 9 else int(random.integers(2, 257)),
            scale=0.0 if i % 6 == 2 else float(random.integers(1, 61)) / 20,
            seed=int(random.integers(2**31)),
        )


def shown(name: str, chosen: Choices) -> list[tuple[str, str, str]]:
    """The rows of the page's table under the script's names; no row where there is no q."""
    rows = []
    for row in numbers(view(name, chosen)):
        value, error = (str(row[key]).replace("−", "-") for key in ("value", "error"))
        if value == "no q":
            continue
        key = QUANTITIES[row["name"]]
        rows.append((key, value, error))
        if row["beside"]:
            predicted = str(row["beside"]).removeprefix("predicted ").replace("−", "-")
            rows.append(("predicted_price", predicted, ""))
    return rows


def printed(output: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Folders and rows of what a script prints."""
    found: list[tuple[str, list[tuple[str, str, str]]]] = []
    for line in output.splitlines():
        if ": mean" in line:
            found.append((line.partition(":")[0], []))
        else:
            found[-1][1].append((line[:22].strip(), line[22:35].strip(), line[35:].strip()))
    return found


def run(scripts: list[str], cwd: Path = ROOT) -> list[str]:
    """What each script prints, and in the end which modules they have imported."""
    process = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps(scripts),
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    return process.stdout.split("---\n")


@pytest.mark.parametrize(
    "chosen", [OFTEN, pytest.param((*range(VIEWS),), marks=pytest.mark.long)], ids=["some", "all"]
)
def test_the_script_prints_the_numbers_of_the_page(chosen: tuple[int, ...]) -> None:
    all_views = list(random_views())
    assert len(all_views) == VIEWS
    views = [all_views[i] for i in chosen]
    names = [[name for name in (v.model, v.versus) if name != "none"] for v in views]
    scripts = [view_script(pair, v) for pair, v in zip(names, views, strict=True)]
    *outputs, imported = run(scripts)
    assert len(outputs) == len(chosen)
    for output, pair, v in zip(outputs, names, views, strict=True):
        expected = [(f"assets/models/{name}", shown(name, v)) for name in dict.fromkeys(pair)]
        assert printed(output) == expected, v
    assert not [name for name in json.loads(imported) if name.startswith("vae_core.explorer")]
    # The views are of every kind.
    shown_models = {name for pair in names for name in pair}
    assert shown_models >= (set(SHIPPED) if len(chosen) == VIEWS else {"large", "mean", "blog"})
    assert {bool(v.draw) + 2 * (v.z is not None) for v in views} >= {0, 1, 2}
    texts = "".join(outputs)
    assert "not answered" in texts
    assert "∞" in texts
    assert "±" in texts
    assert "within" in texts
    assert " -" in texts  # a price below zero, or a mean


@pytest.mark.parametrize("chosen", [{}, {"z": (0.3, -1.2)}, {"draw": "draw"}, {"scale": 0.0}])
def test_the_script_is_short_and_of_lines_that_fit(chosen: dict[str, Any]) -> None:
    if "draw" in chosen:
        chosen["draw"] = drawing.pack(drawn())
    for models in (["sample", "large"], ["sample-0123abcd", "autoencoder-0123abcd"]):
        lines = view_script(models, choices(**chosen)).splitlines()
        assert len(lines) <= LONGEST
        assert all(len(line) <= 100 for line in lines if not line.startswith("    draw="))


def test_the_same_model_twice_and_no_model_are_computed_once() -> None:
    assert 'for folder in ["assets/models/mean"]:' in view_script(["mean", "mean"], choices())
    assert 'for folder in ["assets/models/mean"]:' in view_script(["mean", "none"], choices())


def test_a_visitors_own_model_is_read_from_its_unzipped_folder(tmp_path: Path) -> None:
    """In a checkout of its own, where the file is called as its first lines say."""
    (tmp_path / "vae_core").symlink_to(ROOT / "vae_core")
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    name = "mean-0123abcd"
    shutil.copytree(MODELS / "mean", tmp_path / name)
    text = view_script([name, "sample"], choices())
    assert f"Unzip {name}.zip there first" in text
    (tmp_path / "view.py").write_text(text, encoding="utf-8")
    # The page's process keeps linear algebra in one thread; whoever runs a script does not.
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    process = subprocess.run(
        [sys.executable, "view.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    assert printed(process.stdout) == [
        (name, shown("mean", choices())),
        ("assets/models/sample", shown("sample", choices())),
    ]


# --- the table -----------------------------------------------------------------------------------


def table(names: list[str], chosen: Choices) -> list[dict[str, str]]:
    text = view_csv([(name, view(name, chosen)) for name in names], chosen)
    assert text.encode("utf-8").count(b"\r\n") == text.count("\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_table_holds_the_numbers_in_full() -> None:
    chosen = choices(k=9, scale=0.5, seed=3)  # below eight samples no standard error is stated
    rows = table(["sample", "mean"], chosen)
    assert list(rows[0]) == [
        *("model", "quantity", "sample", "z_1", "z_2", "value", "error", "unit"),
        *("picture", "k", "scale", "seed"),
        "error_kind",  # behind the columns that there were before
    ]
    for name in ("sample", "mean"):
        v = view(name, chosen)
        of_model = [row for row in rows if row["model"] == name]
        value = {row["quantity"]: row["value"] for row in of_model if not row["sample"]}
        error = {row["quantity"]: row["error"] for row in of_model if not row["sample"]}
        for key in ("loss_at_mean", "price", "kl", "negative_elbo", "slack"):
            assert float(value[key]) == getattr(v, key)
        predicted = "" if name == "mean" else repr(v.predicted_price)  # nothing predicts for `mean`
        assert value["predicted_price"] == predicted
        kinds = {row["quantity"]: row["error_kind"] for row in of_model if row["error_kind"]}
        assert kinds.pop("sampled_loss") == "standard error"
        assert set(kinds.values()) == {"bound"}
        assert float(value["sampled_loss"]) == float(v.sampled_loss.value)
        assert float(error["sampled_loss"]) == float(v.sampled_loss.error)
        assert float(error["negative_log_evidence"]) == float(v.evidence.error[0])
        for i in (0, 1):
            assert float(value[f"mean_{i + 1}"]) == v.mean[i]
            assert float(value[f"stddev_{i + 1}"]) == v.stddev[i]
        samples = [row for row in of_model if row["sample"]]
        assert [int(row["sample"]) for row in samples] == [*range(1, 10)]
        assert {row["quantity"] for row in samples} == {"loss_of_sample"}
        assert [[float(row["z_1"]), float(row["z_2"])] for row in samples] == v.z.tolist()
        assert [float(row["value"]) for row in samples] == v.losses.tolist()
    common = {(row["picture"], row["k"], row["scale"], row["seed"]) for row in rows}
    assert common == {("test image 7", "9", "0.5", "3")}
    # What the page's table shows comes first, for both models, before any sample.
    assert [bool(row["sample"]) for row in rows] == [False] * 24 + [True] * 18
    assert all(row["unit"] == "nats" for row in rows if row["sample"])


def test_the_table_leaves_out_what_does_not_exist() -> None:
    rows = table(["autoencoder"], choices())
    assert not [row for row in rows if row["sample"]]
    cells = {row["quantity"]: row["value"] for row in rows}
    assert cells["sampled_loss"] == cells["price"] == cells["predicted_price"] == ""
    assert math.isinf(float(cells["kl"]))
    refused = {row["quantity"]: row for row in table(["sample"], choices(z=(50.0, -50.0)))}
    for key in ("negative_log_evidence", "slack"):
        assert refused[key]["value"] == refused[key]["error"] == ""
    for k in (1, 7):
        few = {row["quantity"]: row for row in table(["sample"], choices(k=k))}
        assert few["sampled_loss"]["error"] == few["sampled_loss"]["error_kind"] == ""


def test_no_cell_is_a_formula() -> None:
    v = view("sample", choices(k=64))
    for name in ("=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", 'a"b', "a,b", "a\nb", "σ"):
        for chosen in (choices(z=(-0.3, -1.2)), choices(draw="=1")):
            text = view_csv([(name, v)], chosen)
            for row in csv.reader(io.StringIO(text, newline="")):
                for cell in row:
                    if cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
                        float(cell)  # a number
            row = next(csv.DictReader(io.StringIO(text, newline="")))
            assert row["model"].removeprefix("'") == name


def test_the_table_names_the_picture() -> None:
    pictures = [
        table(["sample"], chosen)[0]["picture"]
        for chosen in (
            choices(image=18),
            choices(z=(0.3, -1.2)),
            choices(draw=drawing.pack(drawn()), z=(1.0, 1.0)),
        )
    ]
    assert pictures == ["test image 18", "decoded at z = 0.3, -1.2", "drawing"]
