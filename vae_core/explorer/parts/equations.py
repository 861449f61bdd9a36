"""Equations in plain characters, set as MathML in which every symbol can be pointed at.

−log p(x) = −log ∫ p(x|z) p(z) dz
[ p(x|z) p(z) // q(z|x) ]          a fraction
E_q                                a subscript; E_(z∼q) one of several characters
σ^2                                a superscript
"loss at the mean"                 words
{price:price of σ}                 words that are a symbol
&                                  where a line may be broken on a narrow screen
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["SYMBOLS", "Step", "equation_html", "linked", "mathml"]

# The characters that are a symbol of the page, by its key in theme.json.
SYMBOLS = {
    "x̂": "reconstruction",
    "x": "x",
    "z": "sample",
    "μ": "mean",
    "σ": "stddev",
    "Σ": "stddev",
    "ε": "epsilon",
    "KL": "kl",
    "price": "price",
}
RELATIONS = "=≈≤→∝"
SPACE = "<mspace width='.22em'></mspace>"
WORDS = ("log", "ln", "exp", "tr", "diag", "Var", "max", "loss")
TOKEN = re.compile(
    r"\s*(?:"
    r"\{(?P<symbol>\w+):(?P<said>[^}]*)\}"
    r"|\"(?P<text>[^\"]*)\""
    r"|(?P<open>\[)|(?P<bar>//)|(?P<close>\])|(?P<group>\()|(?P<end>\))"
    r"|(?P<below>_)|(?P<above>\^)|(?P<cut>&)"
    r"|(?P<word>KL|price|x̂|" + "|".join(WORDS) + r"|[^\W\d_])"
    r"|(?P<number>\d[\d.]*)"
    r"|(?P<operator>\S)"
    r")"
)
# In prose: what is a symbol there, and what must not be taken apart (code, tags).
PROSE = re.compile(
    r"(?P<keep>`[^`]*`|<[^>]*>)"
    r"|(?P<price>\bprice of σ)"
    r"|(?P<symbol>x̂|(?<!\w)(?:KL|[xzμσΣε])(?!\w))"
)


@dataclass(frozen=True)
class Step:
    """A line of an equation.

    Attributes:
        equation: in the characters of this module.
        why: what was done to get here, in words.
    """

    equation: str
    why: str = ""


def equation_html(steps: Sequence[Step]) -> str:
    """The lines of an equation as HTML for `st.markdown`; the first of each symbol takes focus."""
    seen: set[str] = set()
    rows = []
    for step in steps:
        parts = "".join(f"<span>{mathml(part, seen)}</span>" for part in step.equation.split("&"))
        why = f'<span class="why">{linked(step.why)}</span>' if step.why else ""
        rows.append(f'<div class="step"><div class="line">{parts}</div>{why}</div>')
    return f'<div class="equation">{"".join(rows)}</div>'


def mathml(equation: str, seen: set[str] | None = None) -> str:
    """An equation as MathML.

    Args:
        equation: in the characters of this module.
        seen: symbols that a visitor can already reach with the keyboard; added to.

    Raises:
        ValueError: a bracket is not closed, or there is nothing to put a script on.
    """
    tokens = list(TOKEN.finditer(equation.strip()))
    row, end = _row(tokens, 0, set() if seen is None else seen, closing=None)
    if end != len(tokens):
        raise ValueError(f"Invalid equation. Expected brackets that pair. Received: {equation!r}")
    return f"<math>{row}</math>"


def _row(
    tokens: list[re.Match[str]], i: int, seen: set[str], closing: str | None
) -> tuple[str, int]:
    """Tokens up to one of a kind, as one row; where it ended."""
    found: list[str] = []
    while i < len(tokens) and tokens[i].lastgroup != closing:
        kind = tokens[i].lastgroup
        if kind in ("bar", "close", "end"):  # of another bracket
            break
        if kind in ("below", "above"):
            if not found:
                raise ValueError("Invalid equation. Expected something that the script belongs to.")
            script, i = _atom(tokens, i + 1, seen, bare=True)
            tag = "msub" if kind == "below" else "msup"
            found[-1] = f"<{tag}>{found[-1]}{script}</{tag}>"
        else:
            atom, i = _atom(tokens, i, seen)
            found.append(atom)
    return f"<mrow>{''.join(found)}</mrow>", i


def _atom(
    tokens: list[re.Match[str]], i: int, seen: set[str], bare: bool = False
) -> tuple[str, int]:
    """One token, or what a bracket holds; `bare` leaves the parentheses of a script out."""
    if i >= len(tokens):
        raise ValueError("Invalid equation. Expected more behind its last character.")
    token = tokens[i]
    kind, text = token.lastgroup, token.group(token.lastgroup or 0)
    if kind == "open":
        top, i = _row(tokens, i + 1, seen, "bar")
        bottom, i = _row(tokens, i + 1, seen, "close")
        if i >= len(tokens):
            raise ValueError("Invalid equation. Expected // and ] behind [.")
        return f"<mfrac>{top}{bottom}</mfrac>", i + 1
    if kind == "group":
        inside, i = _row(tokens, i + 1, seen, "end")
        if i >= len(tokens):
            raise ValueError("Invalid equation. Expected ) behind (.")
        if bare:
            return inside, i + 1
        return f"<mrow>{_operator('(')}{inside}{_operator(')')}</mrow>", i + 1
    if kind == "said":
        return _symbol(token["symbol"], f"<mtext>{html.escape(text)}</mtext>", seen), i + 1
    if kind == "text":
        return f"<mtext>{html.escape(text)}</mtext>", i + 1
    if kind == "number":
        return f"<mn>{text}</mn>", i + 1
    if kind == "word":
        # Letters are slanted by style: the characters made for it lie in few fonts.
        slanted = "" if (len(text) > 1 and text != "x̂") or text.isupper() else ' class="i"'
        name = f'<mi mathvariant="normal"{slanted}>{text}</mi>'
        name += "<mspace width='.17em'></mspace>" if text in WORDS else ""
        return (_symbol(SYMBOLS[text], name, seen) if text in SYMBOLS else name), i + 1
    return _operator(text), i + 1


def _operator(text: str) -> str:
    if text in RELATIONS or text == "+":
        # Spaces of their own: a line may be broken before it, and then it has but one neighbour.
        return f"{SPACE}<mo lspace='0' rspace='0'>{text}</mo>{SPACE}"
    spaced = ""
    if text in "()|":
        spaced = ' lspace="0" rspace="0"'
    elif text in "∼,":
        spaced = ' lspace="0" rspace=".2em"' if text == "," else ' lspace=".1em" rspace=".1em"'
    fixed = ' stretchy="false"' if text in "()|" else ""
    return f"<mo{spaced}{fixed}>{html.escape(text)}</mo>"


def _symbol(key: str, inside: str, seen: set[str]) -> str:
    focus = "" if key in seen else ' tabindex="0"'
    seen.add(key)
    return f'<mrow data-symbol="{key}" class="s"{focus}>{inside}</mrow>'


def linked(prose: str) -> str:
    """Markdown in which every symbol carries its key, so that it lights up with its likes."""

    def mark(found: re.Match[str]) -> str:
        text = found[0]
        if found["keep"]:
            return text
        key = "price" if found["price"] else SYMBOLS[text]
        return f'<span data-symbol="{key}" class="s">{text}</span>'

    return PROSE.sub(mark, prose)
