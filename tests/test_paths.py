"""What a visitor reads names files, and never says where they lie on the server."""

import re
import tempfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from vae_core.errors import InputError
from vae_core.explorer.server.paths import without_paths
from vae_core.models import catalogue, checkpoint
from vae_core.models.data import ASSETS, Dataset

from .explore_page import copy_models, one_sentence, run_page

ABSOLUTE = re.compile(r"(?<![\w.])/\w+/\w|[A-Z]:\\")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (f"Model {ASSETS / 'models' / 'sample'}: metadata.json is missing", "Model sample: "),
        (f"Data set {ASSETS / 'mnist.npz'} does not exist", "Data set mnist.npz does not exist"),
        (f"{Path(tempfile.gettempdir()) / 'vae-explorer-x1' / 'mean-0'}: gone", "mean-0: gone"),
        ("/somewhere/else/weights.npz is damaged", "weights.npz is damaged"),
        (r"C:\models\mine\weights.npz is missing", "weights.npz is missing"),
        (
            "expected 1/2, and/or p(x|z)/q(z|x) at https://example.org/a/b",
            "expected 1/2, and/or p(x",
        ),
        ("See /etc/passwd, /root/.ssh/id: and /a/b/c", "See passwd, id: and c"),
    ],
)
def test_a_message_keeps_names_and_loses_places(message: str, expected: str) -> None:
    said = without_paths(message)
    assert said.startswith(expected)
    assert not ABSOLUTE.search(said.replace("https://example.org/a/b", ""))
    assert "example.org/a/b" in said or "example" not in message


def test_the_folder_that_the_host_brings_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAE_MODELS", "/srv/my models")
    said = without_paths("VAE_MODELS=/srv/my models: expected; /srv/my models/a: damaged")
    assert said == "VAE_MODELS: expected; a: damaged"


def test_errors_of_files_do_say_where_for_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(str(tmp_path))):
        checkpoint.load(tmp_path / "absent")
    with pytest.raises(InputError, match=re.escape(str(tmp_path))):
        Dataset(tmp_path / "absent.npz").images("test")


@pytest.mark.usefixtures("fresh_caches")
@pytest.mark.parametrize("name", ["weights.npz", "metadata.json"])
def test_a_damaged_model_is_named_without_its_place(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_models(tmp_path / "the models", monkeypatch)
    (folder / "sample" / name).write_bytes(b"nothing")
    at: AppTest = run_page(model="sample", versus="none")
    said = one_sentence(at)
    assert "sample" in said
    assert str(tmp_path) not in said
    assert not ABSOLUTE.search(said)
    assert folder == catalogue.MODELS
