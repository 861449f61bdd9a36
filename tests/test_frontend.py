"""The scripts of the browser are modules; what is served is one script without imports."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from vae_core.explorer.frontend import source, theme

FOLDER = Path(__file__).resolve().parents[1] / "vae_core" / "explorer" / "frontend"
NAMES = Path(__file__).with_name("frontend_names.mjs")
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.js"))
# Of the page: each symbol has one colour.
SYMBOLS = [
    *("x", "mean", "stddev", "epsilon", "sample", "reconstruction", "price", "kl", "prior"),
]
STYLES = sorted(path.name for path in FOLDER.glob("*.css"))
TEXTS = {name: (FOLDER / name).read_text(encoding="utf-8") for name in [*SCRIPTS, *STYLES]}
ENTRIES = [name for name in SCRIPTS if re.search(r"^export default", TEXTS[name], re.MULTILINE)]

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed")


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def node(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert NODE is not None
    return subprocess.run(
        [NODE, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


# --- joining ----------------------------------------------------------------------------------


def test_a_script_comes_after_all_that_it_imports_and_each_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "entry.js": "// Says it.\n\n"
            'import { shout } from "./shout.js";\nimport { word } from "./word.js";\n\n'
            "export default function () {\n  return shout(word);\n}\n",
            "shout.js": 'import {\n  Loud, word,\n} from "./word.js";\n\n'
            "export async function shout() {}\n",
            "word.js": "// A word.\n\nexport const word = 1;\nconst own = 2;\n"
            "export class Loud {}\n",
        },
    )
    assert source("entry.js", tmp_path) == (
        "// A word.\n\nconst word = 1;\nconst own = 2;\nclass Loud {}\n"
        "\nasync function shout() {}\n"
        "\n// Says it.\n\nexport default function () {\n  return shout(word);\n}\n"
    )


def test_data_is_written_where_it_is_imported(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "x.json": '{\n  "a": [1, 2]\n}\n',
            "x.js": 'import X from "./x.json" with { type: "json" };\nexport const y = X.a;\n',
        },
    )
    assert source("x.js", tmp_path) == 'const X = {"a":[1,2]};\nconst y = X.a;\n'


def test_a_style_takes_its_colours_from_the_theme(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "theme.json": json.dumps({"dark": {"line": "rgba(1, 2, 3, 0.5)", "zero": 0}}),
            "a.css": "a { --line: theme(dark.line); }\n",
            "b.css": "a { --line: theme(dark.lime); }\n",
            "c.css": "a { --line: theme(dark); }\n",
        },
    )
    assert source("a.css", tmp_path) == "a { --line: rgba(1, 2, 3, 0.5); }\n"
    with pytest.raises(ImportError, match=r"b\.css: theme\.json has no colour dark\.lime"):
        source("b.css", tmp_path)
    with pytest.raises(ImportError, match=r"c\.css: theme\.json has no colour dark$"):
        source("c.css", tmp_path)


def test_a_circle_of_imports_is_named(tmp_path: Path) -> None:
    files = {
        f"{name}.js": f'import {{ {other} }} from "./{other}.js";\nexport const {name} = 1;\n'
        for name, other in ("ab", "bc", "cb")
    }
    write(tmp_path, files)
    with pytest.raises(ImportError, match=r"b\.js → c\.js → b\.js"):
        source("a.js", tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('import { a } from "./y.js";', r"y\.js does not export a$"),
        ('import { b, a, B } from "./y.js";', r"y\.js does not export B, a$"),
        ('import { hidden } from "./y.js";', r"y\.js does not export hidden$"),
        ('import { a } from "./z.js";', r"there is no z\.js$"),
        ('import Z from "./z.json" with { type: "json" };', r"there is no z\.json$"),
        ('import { b as c } from "./y.js";', "Received: import"),
        ('import y from "./y.js";', "Received: import"),
        ('import * as y from "./y.js";', "Received: import"),
        ('import "./y.js";', "Received: import"),
        ('import { b } from "./y.js"', "Received: import"),
        ('import { b } from "../y.js";', "Received: import"),
        ('const y = import("./y.js");', "Received: import"),
        ("export { hidden };", "Received: export"),
        ('export { b } from "./y.js";', "Received: export"),
        ("export let b = 1;", "Received: export"),
        ("export default 3;", "Received: export"),
    ],
)
def test_what_cannot_be_joined_is_told_with_its_line(
    tmp_path: Path, line: str, message: str
) -> None:
    write(
        tmp_path,
        {
            "x.js": f"// A comment.\n\n{line}\n",
            "y.js": "export const b = 1;\nconst hidden = 2;\n",
        },
    )
    with pytest.raises(ImportError, match=rf"^x\.js, line 3: .*{message}"):
        source("x.js", tmp_path)


@pytest.mark.parametrize("kind", ["function f() {}", "class f {}", "const f = 1;", "let f = 1;"])
def test_scripts_that_are_joined_share_no_name(tmp_path: Path, kind: str) -> None:
    write(
        tmp_path,
        {
            "x.js": f'import {{ a }} from "./y.js";\n{kind}\n',
            "y.js": "function f() {}\nexport const a = 1;\n",
        },
    )
    with pytest.raises(ImportError, match=r"^x\.js: y\.js defines f as well$"):
        source("x.js", tmp_path)


def test_only_the_entry_has_a_default_export(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "x.js": 'import { a } from "./y.js";\n',
            "y.js": "export const a = 1;\nexport default function () {}\n",
        },
    )
    with pytest.raises(ImportError, match=r"^y\.js: only x\.js"):
        source("x.js", tmp_path)


# --- the scripts ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENTRIES)
def test_a_component_is_one_script(name: str) -> None:
    script = source(name)
    left = re.findall(r"^[ \t]*(?:import|export)\b.*", script, re.MULTILINE)
    assert len(left) == 1
    assert left[0].startswith("export default function")


def test_each_script_and_each_export_is_used() -> None:
    imported = {
        (file, name)
        for text in TEXTS.values()
        for names, file in re.findall(r'^import \{([^}]*)\} from "\./([^"]+)"', text, re.MULTILINE)
        for name in re.findall(r"[\w$]+", names)
    }
    exported = {
        (file, name)
        for file in SCRIPTS
        for name in re.findall(
            r"^export (?:async )?(?:function|class|const) ([\w$]+)", TEXTS[file], re.MULTILINE
        )
    }
    assert imported == exported
    assert {file for file, _ in imported} | set(ENTRIES) == set(SCRIPTS)


def test_components_meet_on_globals_each_of_one_module() -> None:
    # All else that a script uses of another one it imports.
    globals_of = {
        name: set(re.findall(r"\bglobalThis\.(\w+)", TEXTS[name])) - {"devicePixelRatio"}
        for name in SCRIPTS
    }
    assert {name: found for name, found in globals_of.items() if found} == {
        "loader.js": {"vaeExplorer"},
        "store.js": {"vaeModels"},
        "frames.js": {"vaeFrames"},
        "epsilon.js": {"vaeEpsilon"},
        "symbols.js": {"vaeSymbols"},
    }
    assert not any("window.vae" in text for text in TEXTS.values())


@needs_node
def test_no_script_uses_a_name_that_it_does_not_have(tmp_path: Path) -> None:
    files = [str(FOLDER / name) for name in SCRIPTS]
    checked = node("--expose-internals", str(NAMES), *files)
    assert (checked.stdout, checked.returncode) == ("", 0), checked.stderr
    # And it would be seen.
    write(
        tmp_path,
        {
            "x.js": 'import { a, b } from "./y.js";\nfunction f(c, { d = c }) {\n'
            "  for (const e of d) a(e, [document.title, lost.key]);\n  return e;\n}\nf();\n"
        },
    )
    checked = node("--expose-internals", str(NAMES), str(tmp_path / "x.js"))
    assert checked.stdout.splitlines() == [
        "x.js, line 3: unknown lost",
        "x.js, line 4: unknown e",
        "x.js, line 1: unused b",
    ]


@needs_node
def test_every_script_is_a_module_by_itself(tmp_path: Path) -> None:
    write(tmp_path, {"package.json": '{ "type": "module" }', **TEXTS})
    for data in ("theme.json", "glossary.json"):
        shutil.copy(FOLDER / data, tmp_path)
    imports = "".join(f'await import("./{name}");\n' for name in SCRIPTS)
    write(tmp_path, {"all.js": f"{imports}console.log(Object.keys(globalThis.vaeModels));\n"})
    for name in SCRIPTS:
        checked = node("--check", str(tmp_path / name))
        assert checked.returncode == 0, checked.stderr
    ran = node(str(tmp_path / "all.js"))
    assert ran.stdout == "[ 'models', 'waiting' ]\n", ran.stderr


@needs_node
@pytest.mark.parametrize("name", ENTRIES)
def test_what_is_served_is_a_script(tmp_path: Path, name: str) -> None:
    served = tmp_path / "served.mjs"
    served.write_text(source(name), encoding="utf-8")
    checked = node("--check", str(served))
    assert checked.returncode == 0, checked.stderr


# --- the colours ------------------------------------------------------------------------------


def test_both_themes_have_every_colour() -> None:
    light, dark = theme()["light"], theme()["dark"]
    assert set(theme()) == {"light", "dark"}
    assert light.keys() == dark.keys()
    for colours in (light, dark):
        assert list(colours["symbol"]) == SYMBOLS
        assert len(set(colours["classes"])) == 10
        assert 0 < colours["pointAlpha"] < 1
        # Of these, scripts and tests take the channels.
        for colour in (
            *colours["symbol"].values(),
            *colours["classes"],
            *colours["models"],
            colours["zero"],
        ):
            assert re.fullmatch(r"#[0-9a-f]{6}", colour)
        rest = colours.keys() - {"symbol", "models", "classes", "pointAlpha", "zero"}
        assert {
            "label",
            "quiet",
            "line",
            "edge",
            "halo",
            "grid",
            "focus",
            "page",
            "added",
            "removed",
        } == rest
        for name in rest:
            assert re.fullmatch(r"#[0-9a-f]{6}|rgba\(\d+, \d+, \d+, 0\.\d+\)", colours[name])


def test_no_other_place_has_colours() -> None:
    # Black and white are allowed: of a picture, of a seam.
    for name, text in TEXTS.items():
        assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(", text)) <= {"#000", "#fff"}, name
    for name in STYLES:
        assert "theme(" not in source(name)
