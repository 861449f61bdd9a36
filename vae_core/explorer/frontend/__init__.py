"""What runs in the browser, as text: scripts joined along their imports, styles, and the colours.

An inline component of Streamlit is one script and cannot import. The scripts here are modules all
the same, so that each says what it uses of which other; `source` joins those that belong together.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["source", "theme"]

FOLDER = Path(__file__).parent
COLOURS = "theme.json"

# Wherever a script speaks of modules it has to say one of the following; see `FORMS`.
STATEMENT = re.compile(r"^[ \t]*(?:import|export)\b|\bimport *[.(]", re.MULTILINE)
NAMED = re.compile(r'import \{\s*([\w$]+(?:,\s*[\w$]+)*),?\s*\} from "\./([\w-]+\.js)";\n\n?')
DATA = re.compile(r'import ([\w$]+) from "\./([\w-]+\.json)" with \{ type: "json" \};\n')
EXPORT = re.compile(r"export (?=(?:async )?(?:function|class|const) ([\w$]+))")
DEFAULT = re.compile(r"(?=export default (?:async )?function\b)")
FORMS = (
    'import { a, b } from "./x.js"; import A from "./x.json" with { type: "json" }; '
    "export function, class or const; export default function"
)
TOP_LEVEL = re.compile(
    r"^(?:export )?(?:(?:async )?function\*?|class|const|let|var|import(?= [\w$]+ from)) ([\w$]+)",
    re.MULTILINE,
)
COLOUR = re.compile(r"\btheme\(([\w.]+)\)")


@dataclass(frozen=True)
class Module:
    """A script.

    Attributes:
        imports: by file that it imports from: the names, and in which line.
        exports: names that others may import.
        names: all that it defines for the whole of it.
        is_entry: whether it has a default export, as a component's script does.
        body: its text without imports and, but for the default, without `export`.
    """

    imports: Mapping[str, tuple[frozenset[str], int]]
    exports: frozenset[str]
    names: frozenset[str]
    is_entry: bool
    body: str


def source(name: str, folder: Path = FOLDER) -> str:
    """A file as a component takes it.

    Args:
        name: of a script, which is joined with all that it imports; of a style, in which
            `theme(dark.symbol.x)` becomes that colour of `theme.json`; or of another file.
        folder: where the file is.

    Raises:
        ImportError: if imports cannot be followed, or scripts that are joined define a name twice.
    """
    if name.endswith(".js"):
        return "\n".join(module.body for module in _joined(name, folder).values())
    text = _text(name, folder)
    if name.endswith(".css"):
        colours = json.loads(_text(COLOURS, folder))
        return COLOUR.sub(lambda found: _colour(colours, found[1], name), text)
    return text


@cache
def theme() -> dict[str, Any]:
    """The colours of each theme, `{"light": {...}, "dark": {...}}`; not to be changed.

    `symbol` has one colour per symbol wherever it appears; `classes` those of the points, drawn
    with `pointAlpha`; `zero` is that of no difference, `halo` goes around marks, `label` is for
    text that explains, `quiet` for what a figure holds back; `grid` lies behind a plane, `line`
    between the parts of a lane, `edge` around the pad.
    """
    colours: dict[str, Any] = json.loads(_text(COLOURS, FOLDER))
    return colours


def _text(name: str, folder: Path) -> str:
    return (folder / name).read_text(encoding="utf-8")


def _colour(colours: dict[str, Any], path: str, style: str) -> str:
    value: Any = colours
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise ImportError(f"{style}: {COLOURS} has no colour {path}")
    return value


def _joined(entry: str, folder: Path) -> dict[str, Module]:
    """The modules of a script by file, each after those that it imports from."""
    joined: dict[str, Module] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " → ".join((*path[path.index(name) :], name))
            raise ImportError(f"{name} imports itself: {circle}")
        if name in joined:
            return
        module = _module(name, folder)
        for other, (names, line) in module.imports.items():
            if not (folder / other).is_file():
                raise ImportError(f"{name}, line {line}: there is no {other}")
            visit(other, (*path, name))
            if unknown := sorted(names - joined[other].exports):
                raise ImportError(
                    f"{name}, line {line}: {other} does not export {', '.join(unknown)}"
                )
        joined[name] = module

    visit(entry, ())
    owners: dict[str, str] = {}
    for name, module in joined.items():
        if module.is_entry and name != entry:
            raise ImportError(f"{name}: only {entry} itself can have a default export")
        for defined in sorted(module.names):
            if defined in owners:
                raise ImportError(f"{name}: {owners[defined]} defines {defined} as well")
            owners[defined] = name
    return joined


def _module(name: str, folder: Path) -> Module:
    """A script taken apart; strict, for what is not understood cannot be joined."""
    text = _text(name, folder)
    imports: dict[str, tuple[frozenset[str], int]] = {}
    exports: set[str] = set()
    is_entry = False
    kept: list[str] = []
    end = 0
    for statement in STATEMENT.finditer(text):
        start = statement.start()
        line = text.count("\n", 0, start) + 1
        kept.append(text[end:start])
        if found := NAMED.match(text, start):
            before, _ = imports.get(found[2], (frozenset(), line))
            imports[found[2]] = before.union(re.split(r",\s*", found[1])), line
        elif found := DATA.match(text, start):
            if not (folder / found[2]).is_file():
                raise ImportError(f"{name}, line {line}: there is no {found[2]}")
            data = json.loads(_text(found[2], folder))
            kept.append(f"const {found[1]} = {json.dumps(data, separators=(',', ':'))};\n")
        elif found := EXPORT.match(text, start):
            exports.add(found[1])
        elif found := DEFAULT.match(text, start):
            is_entry = True
        else:
            said = text[start:].partition("\n")[0].strip()
            raise ImportError(f"{name}, line {line}: expected {FORMS}. Received: {said}")
        end = found.end()
    body = "".join([*kept, text[end:]])
    names = frozenset(TOP_LEVEL.findall(text))
    return Module(imports, frozenset(exports), names, is_entry, body)
