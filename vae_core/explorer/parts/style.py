"""What the pages owe every visitor: legible captions, a focus that shows, rest for who wants it."""

__all__ = ["COMMON"]

# The colour of the focus has 3:1 on either theme: a popover does not say which one it is in.
# A summary's outline lies within: what it unfolds cuts off the rest.
# Streamlit writes what is chosen fainter than what is not.
# What unfolds is animated by a script, which only an important rule overrules.
# One frame for all pages, so that their titles stand at one left edge.
COMMON = """
<style>
.stAppHeader { height: 2.75rem; min-height: 2.75rem; }
.stMainBlockContainer { padding: 2.6rem 1.5rem 2rem; max-width: 1880px; }
.stMainBlockContainer h1 { font-size: 1.6rem; line-height: 1.25; padding: 0 0 .3rem; }
.stApp [data-testid="stCaptionContainer"] { opacity: .8; }
:root :is(a, button, summary, .stCode):focus-visible { outline: 2px solid #7b8490; }
:root summary:focus-visible { outline-offset: -2px; }
:root button[role="radio"][data-selected] { color: inherit; }
:root button[role="radio"][data-selected] p { font-weight: 600; }
@media (prefers-reduced-motion: reduce) {
    .stApp :is(.stProgress *, .stSidebar, .stSidebar *) { transition: none !important; }
    .stApp details { height: auto !important; }
}
</style>
"""
