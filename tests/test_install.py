"""The package as it is installed: what it needs, what it brings along, and the README's script."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from .fresh_environment import ROOT, fresh_environment, programs, site_packages

SHIPPED = ("vae_core", "assets")
NOT_SHIPPED = ("__pycache__", "explore.png")
LEFTOVERS = ("build", "dist", "*.egg-info")


def leftovers() -> set[Path]:
    """What building a package leaves in a checkout, unless it is told not to."""
    return {path for pattern in LEFTOVERS for path in ROOT.glob(pattern)}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment after `pip install .`, and nothing else."""
    before = leftovers()
    folder = fresh_environment(tmp_path_factory.mktemp("environment") / "venv")
    assert leftovers() == before
    return folder


def run(
    environment: Path, program: str, *arguments: str | Path, cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Runs a program of the environment, which knows nothing of this checkout."""
    return subprocess.run(
        [programs(environment) / program, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def refusal(process: subprocess.CompletedProcess[str]) -> str:
    """The one line with which a command refuses."""
    assert process.returncode == 2, process.stderr
    assert process.stdout == ""
    assert process.stderr.count("\n") == 1
    return process.stderr


def readme_script() -> str:
    """The script of the README, word for word."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Use it without")[2]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]


def test_both_lists_of_requirements_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    needed = [line for line in lines if line and not line.startswith("#")]
    assert sorted(needed) == sorted(sum(extras.values(), project["dependencies"]))


def test_the_readme_script_is_short() -> None:
    assert len(readme_script().splitlines()) <= 10


@pytest.mark.long
def test_the_package_brings_everything_along(environment: Path) -> None:
    package = site_packages(environment) / "vae_core"
    for source in SHIPPED:
        installed = package if source == "vae_core" else package / source
        for path in (ROOT / source).rglob("*"):
            inner = path.relative_to(ROOT / source)
            if path.is_file() and not {*NOT_SHIPPED} & {*inner.parts}:
                assert (installed / inner).read_bytes() == path.read_bytes(), inner
    for name in ("app.py", ".streamlit/config.toml"):
        assert (package / "entry" / name).read_bytes() == (ROOT / name).read_bytes()


@pytest.mark.long
def test_numpy_is_enough_for_nine_verdicts(environment: Path, tmp_path: Path) -> None:
    listed = run(environment, "python", "-m", "pip", "list", "--format", "freeze", cwd=tmp_path)
    names = {line.partition("==")[0] for line in listed.stdout.splitlines()}
    assert names - {"pip", "setuptools"} == {"numpy", "vae-explorer"}

    (tmp_path / "script.py").write_text(readme_script(), encoding="utf-8")
    process = run(environment, "python", "script.py", cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    lines = process.stdout.splitlines()
    assert [line[:2] for line in lines] == [f"{number}." for number in range(1, 10)]
    assert all(len(line) > 60 for line in lines)


@pytest.mark.long
def test_what_is_not_installed_is_named(environment: Path, tmp_path: Path) -> None:
    line = refusal(run(environment, "vae-explorer", cwd=tmp_path))
    assert "pip install 'vae-explorer[explorer]'" in line
    line = refusal(
        run(environment, "python", "-m", "vae_core", "train", "--out", "model", cwd=tmp_path)
    )
    assert "pip install 'vae-explorer[train]'" in line


@pytest.mark.long
def test_missing_models_are_one_sentence(environment: Path, tmp_path: Path) -> None:
    assets = site_packages(environment) / "vae_core" / "assets"
    moved = assets.rename(tmp_path / "moved")
    try:
        (tmp_path / "script.py").write_text(readme_script(), encoding="utf-8")
        process = run(environment, "python", "script.py", cwd=tmp_path)
        assert process.stderr.splitlines()[-1].endswith("sample: metadata.json is missing")
        assert "InputError" in process.stderr.splitlines()[-1]
        for arguments, expected in (
            (("evaluate", moved / "models" / "sample"), "to be shipped"),
            (("train", "--out", "model"), "mnist.npz does not exist"),
            (("measure",), "metadata.json is missing"),
        ):
            line = refusal(run(environment, "python", "-m", "vae_core", *arguments, cwd=tmp_path))
            assert expected in line
    finally:
        moved.rename(assets)
