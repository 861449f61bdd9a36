"""The look of The argument: one grid for text, equation, experiment and verdict."""

import streamlit as st

from ..frontend import theme
from .symbol_links import symbol_style

__all__ = ["argument_style"]

INK = {"light": ("#116329", "#b42318"), "dark": ("#7ee2a0", "#ff9d94")}  # lines put in, taken out

# Figures are put where their heights are reserved; what is under way has the room of its result.
STYLE = """
.st-key-argument h3 { font-size: 1.3rem; padding: .2rem 0 0; }
.st-key-argument .stImage img { image-rendering: pixelated; width: 100%; }
.st-key-argument .stMarkdown table {
    display: block; overflow-x: auto; width: auto; max-width: 100%;
    font-variant-numeric: tabular-nums; font-size: .9rem;
}
.st-key-argument .stMarkdown :is(td, th) { padding: .2rem .7rem !important; }
.st-key-argument .stMarkdown p { max-width: 46rem; }
.st-key-argument [data-testid="stCaptionContainer"] p { max-width: none; }
.st-key-symbol-links { position: absolute; }
.st-key-questions { max-width: 62rem; }

/* Names of claims: one row that is pushed aside where it is too long, never a torn frame. */
.st-key-claim [role=radiogroup] {
    flex-wrap: nowrap; overflow: auto hidden; scrollbar-width: none; max-width: 100%;
}
.st-key-claim [role=radiogroup] button:focus-visible { outline-offset: -2px; }
.st-key-claim [role=radiogroup] > * { flex: none; }
.st-key-claim [role=radiogroup] button { white-space: nowrap; }
@media (max-width: 900px) {
    .st-key-claim [role=radiogroup] {
        mask-image: linear-gradient(90deg, #000 calc(100% - 2.5rem), transparent);
        padding-right: 2.5rem;
    }
}
.st-key-idle { display: none; }

/* What lies below the names comes when its words are there: nothing is seen to move. */
.st-key-argument:not([data-ready]) > :nth-child(n + 4) { display: none; }
.st-key-family-room { min-height: 440px; }

.equation { display: grid; gap: .5rem; padding-bottom: 1.2rem; }
.equation .step {
    display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 1rem; align-items: baseline;
}
.equation .line { display: flex; flex-wrap: wrap; gap: .15rem .35rem; align-items: center; }
.equation math {
    font-size: 1.15rem; font-family: Georgia, "Times New Roman", "Liberation Serif", serif;
}
.equation math .i { font-style: italic; }
.equation .why { font-size: .86rem; }

.st-key-here, .st-key-rule { border-left: 3px solid var(--edge); padding: 0 0 0 .9rem; gap: .1rem; }
.st-key-argument p.tag { font-size: .82rem; font-weight: 600; margin: 0; }
.st-key-rule { border-left-style: double; border-left-width: 5px; }
/* Streamlit's own colours of code are too faint to read. */
.st-key-corrected code, .st-key-corrected code span { color: inherit !important; }
.st-key-corrected .token.inserted, .st-key-corrected .token.inserted * { color: GOOD !important; }
.st-key-corrected .token.deleted, .st-key-corrected .token.deleted * { color: BAD !important; }

@media (max-width: 640px) {
    .st-key-argument .stMarkdown :is(td, th) { padding: .2rem .3rem !important; }
    .equation math { font-size: 1rem; }
    .st-key-statement [data-testid="stHorizontalBlock"] { gap: 1rem; }
    .st-key-sigma { position: sticky; top: 2.75rem; z-index: 5; background: var(--page); }
}
"""


def argument_style() -> str:
    """The page's style as HTML, in the visitor's theme."""
    dark = st.context.theme.type == "dark"
    colours = theme()["dark" if dark else "light"]
    names = f":root {{ --edge: {colours['edge']}; --page: {colours['zero']}; }}"
    good, bad = INK["dark" if dark else "light"]
    style = STYLE.replace("GOOD", good).replace("BAD", bad)
    return f"<style>{names}{style}{symbol_style()}</style>"
