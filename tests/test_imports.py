"""Which module may import what: read from the source, and seen in a fresh interpreter."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "vae_core"
FILES = [ROOT / "app.py", *sorted(PACKAGE.rglob("*.py"))]
TENSORFLOW = {"keras", "tensorflow"}
USES_TENSORFLOW = {"vae_core.fashion", "vae_core.keras_model", "vae_core.training"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}
SCIENCE = [
    name
    for name in MODULES
    if name.startswith("vae_core") and not name.startswith("vae_core.explorer")
]


def imports(path: Path) -> set[str]:
    """Full names of everything a file imports, wherever in the file it does."""
    package = list(path.relative_to(ROOT).parts[:-1])
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            names |= {source} | {f"{source}.{alias.name}" for alias in node.names}
    return names


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def run(code: str) -> str:
    """Standard output of a fresh interpreter."""
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_every_module_is_found() -> None:
    expected = {"app", "vae_core", "vae_core.__main__", "vae_core.evidence", "vae_core.training"}
    assert expected <= set(MODULES)
    assert "vae_core.config" in imports(PACKAGE / "training.py")
    assert "vae_core.training.export" in imports(PACKAGE / "__main__.py")


@pytest.mark.parametrize("name", SCIENCE)
def test_science_knows_no_page(name: str) -> None:
    assert not roots(MODULES[name]) & {"streamlit", "plotly"}
    assert not {used for used in imports(MODULES[name]) if used.startswith("vae_core.explorer")}


@pytest.mark.parametrize("name", MODULES)
def test_only_the_model_and_its_training_import_keras(name: str) -> None:
    used = roots(MODULES[name]) & TENSORFLOW
    assert not used or name in USES_TENSORFLOW


def test_no_import_by_name() -> None:
    # What the rules above could not see.
    for name, path in MODULES.items():
        assert "importlib" not in roots(path), name
        assert "__import__" not in path.read_text(), name


def test_importing_the_rest_loads_no_tensorflow() -> None:
    names = [name for name in SCIENCE if name not in USES_TENSORFLOW]
    code = f"""
import importlib, json, sys
for name in {names!r}:
    importlib.import_module(name)
roots = {{name.partition(".")[0] for name in sys.modules}}
print(json.dumps(sorted(roots & {{"keras", "tensorflow", "streamlit", "plotly"}})))
"""
    assert json.loads(run(code)) == []


def test_the_page_loads_no_tensorflow() -> None:
    names = [name for name in MODULES if name not in {"app", *USES_TENSORFLOW}]
    code = f"""
import importlib, json, sys
for name in {names!r}:
    importlib.import_module(name)
print(json.dumps(sorted({{"keras", "tensorflow"}} & set(sys.modules))))
"""
    assert json.loads(run(code)) == []


def test_importing_reads_no_file() -> None:
    names = [name for name in SCIENCE if name not in USES_TENSORFLOW]
    code = f"""
import importlib, json, numpy, sys
opened = []
def listen(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
sys.addaudithook(listen)
for name in {names!r}:
    importlib.import_module(name)
print(json.dumps(opened))
"""
    opened = [Path(name) for name in json.loads(run(code))]
    assert any(path.stem.startswith("evidence") for path in opened)  # the listener hears
    # Python's own reading of sources and their caches (while written: `.pyc.` and a number).
    ours = [path.name for path in opened if path.is_relative_to(ROOT)]
    assert [name for name in ours if not name.endswith(".py") and ".pyc" not in name] == []
