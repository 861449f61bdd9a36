"""Addresses that nobody means well with: what hypothesis makes of the pages' parameters."""

from typing import TypeVar
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from vae_core.experiments.orders import ORDERS
from vae_core.explorer.parts.layers import LAYERS
from vae_core.explorer.visitor.run_settings import DECODED
from vae_core.models.drawn_digit import pack
from vae_core.models.recorded_run import RECORDED
from vae_core.models.settings import SCHEDULES

from .explore_page import FASHION_NAMES, MODEL_NAMES, mnist

__all__ = ["CANARY", "LONGEST", "MARKUP", "PAGES", "addresses"]

T = TypeVar("T")

CHARACTERS = st.characters(exclude_categories=["Cs"])  # surrogates come as bytes, see `_RAW`
LONGEST = 8192  # letters of a query
CANARY = "qzcanary"  # in all markup: where it comes back, markup comes back

MARKUP = tuple(
    text.replace("CANARY", CANARY)
    for text in (
        "<script>window.CANARY=1;alert(1)</script>",
        "<img src=x onerror=\"window.CANARY=1;alert('CANARY')\">",
        '"><svg/onload=window.CANARY=1><CANARY>',
        "'><iframe srcdoc='<script>parent.CANARY=1</script>'></iframe>",
        "</style></script><script>window.CANARY=1</script>",
        "<style>*{display:none}</style><CANARY>",
        "javascript:window.CANARY=1",
        "[CANARY](javascript:window.CANARY=1)",
        "![CANARY](http://127.0.0.1:9/CANARY.png)",
        "`CANARY` **CANARY** :red[CANARY] :material/CANARY:",
        "$\\href{javascript:window.CANARY=1}{CANARY}$",
        "\n\n# CANARY\n\n| CANARY | x |\n|---|---|\n| <b>CANARY</b> | 1 |",
        '"]});window.CANARY=1;//',
        '{"__proto__":{"CANARY":1}}',
        "${window.CANARY=1}{{CANARY}}<%=CANARY%>",
        "+ADw-script+AD4-window.CANARY=1+ADw-/script+AD4-",
        "\x00<CANARY onclick=window.CANARY=1>",
        "＜script＞window.CANARY=1＜/script＞",
        "\u202e<CANARY>\u2066<base href=//127.0.0.1:9/CANARY>",
        "0.30,-1.20<img src=x onerror=window.CANARY=1>",
    )
)

# What each page reads, with values that it takes: a hostile address has some of those, too.
_NATURAL = ("0", "1", "7", "16", "256", "1367", "9999", "2147483647")
_MODELS = (*MODEL_NAMES, *FASHION_NAMES)
_SHARED = {
    "model": _MODELS,
    "image": _NATURAL,
    "z": ("0.30,-1.20", "0,0", "50,-50", "-4,4"),
    "digit": ("any", "3", "9"),
    "order": tuple(ORDERS),
    "draw": (pack(mnist().images[0]), pack(mnist().images[1])),
    "seed": _NATURAL,
    "trained": ("sample", "mean-01234567", "a,b,c,d,e,f,g,h"),
}
PAGES: dict[str, dict[str, tuple[str, ...]]] = {
    "": {
        **_SHARED,
        "versus": (*_MODELS, "none"),
        "k": _NATURAL,
        "scale": ("0", "0.5", "1", "3"),
        "layer": tuple(LAYERS),
    },
    "argument": {
        **_SHARED,
        "claim": (*"123456789", "questions"),
        "untrained": ("true", "false"),
        "decoded": ("true", "false"),
        "sigma": ("0.1", "1", "2"),
        "family": ("full", "flow"),
    },
    "train": {
        "objective": tuple(DECODED),
        "draws": ("2", "10", "100"),
        "beta": ("0", "1", "392", "10000"),
        "epochs": ("1", "20", "50"),
        "start": _NATURAL,
        "width": ("16", "64", "1024"),
        "depth": ("1", "2", "3"),
        "batch": ("32", "512"),
        "rate": ("1e-6", "0.01", "10000"),
        "schedule": SCHEDULES,
        "story": ("The VAE",),
        "beside": tuple(RECORDED),
        "trained": _SHARED["trained"],
        "draw": _SHARED["draw"],
        "model": _MODELS,
    },
}
# Names that Streamlit itself may listen to, and names that no page has.
_STRANGERS = ("embed", "embed_options", "embed_source", "page", "session_id", "__proto__", "")

_NUMBERS = (
    *("nan", "NaN", "-nan", "inf", "-inf", "Infinity", "1e309", "-1e309", "1e-400", "-0", "-0.0"),
    *("-1", "10000", "257", "2147483648", "4294967296", "9007199254740993", "1" + "0" * 400),
    *("0x10", "0b1", "1_000", "1,5", "1.5", "١٢٣", "½", "²", "1e5", " 7 ", "+7", "7\n", "٣,٣"),
    *("True", "None", "null", "[]", "{}", "1;2", "1e1,1e1,1e1", "nan,nan", "1e309,0", ",", ",,"),
)
_TEXTS = (
    *("\x00", "a\x00b", "\u202e\u2066abc", "\ufeff", "\u200b", "e\u0301" * 9, "👩‍👩‍👧‍👦", "ﷺ", "İ"),
    *("../../etc/passwd", "sample/../sample", "..\\sample", "/dev/zero", "C:\\", "%s%n", "{0}"),
    *("__class__", "$$ID-x-None", "$$STREAMLIT_INTERNAL_KEY_", "'; DROP TABLE x;--", "\r\nA: b"),
)
# Bytes that are no UTF-8, surrogates among them, and percent signs that encode nothing.
_RAW: tuple[str, ...] = (
    "%ff",
    "%c0%af",
    "%ed%a0%80",
    "%ed%b0%80",
    "%f4%90%80%80",
    "%e2%28%a1",
    "%80",
    "%fe%ff",
)
_RAW += ("%", "%%", "%g1", "%2", "%u0041", "+", "%00", "%0d%0a", "%26", "%3d", "%23", "#", ";", "=")


def _mostly(usual: SearchStrategy[T], seldom: SearchStrategy[T]) -> SearchStrategy[T]:
    """The first nine times in ten; `one_of` would count the alternatives within each."""
    return st.sampled_from([*[usual] * 9, seldom]).flatmap(lambda strategy: strategy)


def _values(good: tuple[str, ...]) -> SearchStrategy[str]:
    """Values as they stand in the address, encoded in one way or another."""
    number = st.one_of(st.floats(), st.integers()).map(str)
    near = st.tuples(st.sampled_from(good), st.integers(0, 500), CHARACTERS).map(
        lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + 1 :]
    )
    points = st.tuples(st.floats(-60, 60), st.floats(-60, 60)).map(lambda z: f"{z[0]},{z[1]}")
    known = st.sampled_from((*_NUMBERS, *_TEXTS, *MARKUP))
    texts = st.one_of(
        *(st.sampled_from(good), known, number, points, near, st.sampled_from(MARKUP)),
        st.text(CHARACTERS, max_size=20),
    )
    encoded = texts.map(lambda text: quote(text, safe=""))
    plain = texts.map(lambda text: text.replace("&", "%26"))  # as a hostile client sends it
    raw = st.lists(st.sampled_from(_RAW), min_size=1, max_size=6).map("".join)
    data = st.binary(max_size=30).map(lambda b: "".join(f"%{byte:02x}" for byte in b))
    value = st.sampled_from([*[encoded] * 4, plain, raw, data]).flatmap(lambda one: one)
    long = st.tuples(value, st.sampled_from((500, 5000, LONGEST))).map(
        lambda drawn: (drawn[0] or "9") * (drawn[1] // (len(drawn[0]) or 1))
    )
    return _mostly(value, long)


_VALUES = {
    (page, name): _values(good) for page, names in PAGES.items() for name, good in names.items()
}
_ANY = _values(("sample", "1"))


@st.composite
def addresses(draw: DrawFn) -> tuple[str, str]:
    """A page and a query without its question mark, of at most `LONGEST` letters."""
    page = draw(st.sampled_from([*PAGES]))
    names = _mostly(st.sampled_from([*PAGES[page]]), st.sampled_from(_STRANGERS) | _ANY)
    parts = []
    for _ in range(draw(st.integers(1, 8))):
        name = draw(names)
        value = draw(_VALUES.get((page, name), _ANY))
        parts += [f"{name}={value}" if draw(st.integers(0, 19)) else name]
        if not draw(st.integers(0, 5)):  # once more, with another value
            parts += [f"{name}={draw(_VALUES.get((page, name), _ANY))}"]
    return page, "&".join(parts)[:LONGEST]
