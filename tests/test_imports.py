"""Who may import whom: the order of the stack, read from the source; and seen in an interpreter."""

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "vae_core"
FILES = [ROOT / "app.py", *sorted(PACKAGE.rglob("*.py"))]
TENSORFLOW = {"keras", "tensorflow"}
PAGE = {"streamlit", "plotly"}

# The rooms of the house, from the ground up: each may import those before it, none after it.
STACK = [
    *("vae_core", "vae_core.errors", "vae_core.arrays", "vae_core.memo", "vae_core.child_process"),
    *("vae_core.maths", "vae_core.models", "vae_core.inference", "vae_core.experiments"),
    *("vae_core.keras_model", "vae_core.training", "vae_core.__main__"),
    *("vae_core.explorer.server", "vae_core.explorer.frontend", "vae_core.explorer.parts"),
    *("vae_core.explorer.visitor", "vae_core.explorer.claims", "vae_core.explorer.pages"),
    *("vae_core.explorer", "app"),
]
MOST_ROOMS, MOST_FLOORS = 22, 11
USES_TENSORFLOW = {"vae_core.keras_model", "vae_core.training"}
FINDS_MODULES = {"vae_core.experiments", "vae_core.explorer.claims"}  # their own, by their names


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}
# Names that scripts have which visitors downloaded long ago: one line each.
ALIASES = {
    name
    for name, path in MODULES.items()
    if path.parent == PACKAGE and "scripts that were downloaded" in path.read_text()
}


def room(module: str) -> str:
    """The package that a module lies in, or the module itself at the top of `vae_core`."""
    parts = module.split(".")
    inner = len(parts) > 2 and (PACKAGE / "explorer" / parts[2]).is_dir()
    if parts[:2] == ["vae_core", "explorer"] and inner:
        return ".".join(parts[:3])
    return ".".join(parts[:2])


@cache
def imports(path: Path) -> frozenset[str]:
    """Full names of everything a file imports, wherever in the file it does."""
    package = list(path.relative_to(ROOT).parts[:-1])
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{source}.{alias.name}"
                names.add(full if full in MODULES else source)
    return frozenset(names)


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def edges() -> set[tuple[str, str]]:
    """Pairs of rooms of which the first imports the second."""
    return {
        (room(name), room(used))
        for name, path in MODULES.items()
        if name not in ALIASES
        for used in imports(path)
        if used in MODULES and room(name) != room(used)
    }


def module_edges() -> dict[str, set[str]]:
    return {
        name: {used for used in imports(path) if used in MODULES} for name, path in MODULES.items()
    }


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The nodes of a circle, or of what hangs on one; empty where there is none."""
    left = {name: set(used) - {name} for name, used in graph.items()}
    while free := [name for name, used in left.items() if not used & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


def floors(graph: dict[str, set[str]]) -> int:
    """Length of the longest chain of imports."""

    @cache
    def floor(name: str) -> int:
        return 1 + max((floor(used) for used in graph.get(name, ())), default=0)

    return max(map(floor, graph))


def rooms() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {room(name): set() for name in MODULES if name not in ALIASES}
    for user, used in edges():
        graph[user].add(used)
    return graph


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


def test_every_module_is_found_and_has_a_room() -> None:
    expected = {"app", "vae_core", "vae_core.__main__", "vae_core.inference.evidence"}
    assert expected <= set(MODULES)
    assert "vae_core.models.settings" in imports(PACKAGE / "training" / "loop.py")
    assert "vae_core.training.loop" in imports(PACKAGE / "__main__.py")  # within a function
    assert {room(name) for name in MODULES if name not in ALIASES} <= set(STACK)
    assert len(ALIASES) == 9


def test_each_room_imports_only_those_below() -> None:
    wrong = [(user, used) for user, used in edges() if STACK.index(user) < STACK.index(used)]
    assert wrong == []


def test_the_order_would_be_noticed() -> None:
    assert ("vae_core.inference", "vae_core.models") in edges()
    assert ("vae_core.models", "vae_core.inference") not in edges()
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c", "d"]
    assert circle({"a": {"b"}, "b": set()}) == []
    assert floors({"a": {"b"}, "b": {"c"}, "c": set()}) == 3


def test_there_is_no_circle() -> None:
    assert circle(rooms()) == []
    assert circle(module_edges()) == []


def test_the_house_is_low() -> None:
    graph = rooms()
    assert len(graph) <= MOST_ROOMS
    assert floors(graph) <= MOST_FLOORS


@pytest.mark.parametrize("name", sorted(ALIASES))
def test_an_alias_is_one_line(name: str) -> None:
    assert len(MODULES[name].read_text().splitlines()) == 1
    users = [user for user, used in module_edges().items() if name in used]
    assert users == []


@pytest.mark.parametrize("name", MODULES)
def test_only_the_explorer_knows_the_page(name: str) -> None:
    used = roots(MODULES[name]) & PAGE
    inside = room(name).startswith("vae_core.explorer") or name == "app"
    assert not used or (inside and room(name) != "vae_core.explorer.server")


@pytest.mark.parametrize("name", MODULES)
def test_only_the_model_and_its_training_import_keras(name: str) -> None:
    used = roots(MODULES[name]) & TENSORFLOW
    assert not used or room(name) in USES_TENSORFLOW


def test_no_import_by_name() -> None:
    # What the rules above could not see.
    for name, path in MODULES.items():
        assert "importlib" not in roots(path) or name in FINDS_MODULES, name
        assert "__import__" not in path.read_text(), name


SCIENCE = [
    name
    for name in MODULES
    if name.startswith("vae_core")
    and not name.startswith("vae_core.explorer")
    and not roots(MODULES[name]) & TENSORFLOW
]
PAGES = [name for name in MODULES if name != "app" and not roots(MODULES[name]) & TENSORFLOW]


def loaded(names: list[str], looked_for: set[str]) -> list[str]:
    code = f"""
import importlib, json, sys
for name in {names!r}:
    importlib.import_module(name)
roots = {{name.partition(".")[0] for name in sys.modules}}
print(json.dumps(sorted(roots & {looked_for!r})))
"""
    found: list[str] = json.loads(run(code))
    return found


def test_importing_the_rest_loads_no_tensorflow() -> None:
    assert "vae_core.training.worker" in SCIENCE
    assert loaded(SCIENCE, TENSORFLOW | PAGE) == []


def test_the_page_loads_no_tensorflow() -> None:
    assert "vae_core.explorer.pages.train" in PAGES
    assert loaded(PAGES, TENSORFLOW) == []


def test_importing_reads_no_file() -> None:
    code = f"""
import importlib, json, numpy, sys
opened = []
def listen(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
sys.addaudithook(listen)
for name in {SCIENCE!r}:
    importlib.import_module(name)
print(json.dumps(opened))
"""
    opened = [Path(name) for name in json.loads(run(code))]
    assert any(path.stem.startswith("evidence") for path in opened)  # the listener hears
    # Python's own reading of sources and their caches (while written: `.pyc.` and a number).
    ours = [path.name for path in opened if path.is_relative_to(ROOT)]
    assert [name for name in ours if not name.endswith(".py") and ".pyc" not in name] == []
