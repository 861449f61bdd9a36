"""What the pages owe every visitor: legible captions, a focus that shows, rest for who wants it."""

__all__ = ["COMMON"]

# The colour of the focus has 3:1 on either theme: a popover does not say which one it is in.
# A summary's outline lies within: what it unfolds cuts off the rest.
# Streamlit writes what is chosen fainter than what is not.
# What unfolds is animated by a script, which only an important rule overrules.
# One frame for all pages, so that their titles stand at one left edge. Streamlit's own column stays
# where it is before this arrives, and its content reaches over it: what moves on load disturbs.
COMMON = """
<style>
.stAppHeader { height: 2.75rem; min-height: 2.75rem; background: none; pointer-events: none; }
.stAppHeader :is(button, a) { pointer-events: auto; }
.stMainBlockContainer { padding: .3rem 1.5rem 2rem; }
.stMainBlockContainer h1 { font-size: 1.6rem; line-height: 1.25; padding: 0 0 .3rem; }
.stMainBlockContainer .stVerticalBlock { gap: .5rem; }
.st-key-pages { height: 2.3rem; }
.st-key-pages p { font-size: .9rem; white-space: nowrap; }
@media (min-width: 737px) {
    .stMainBlockContainer > * {
        --wide: min(100vw - 4rem, 1832px);
        width: var(--wide); max-width: none; margin-left: calc(50% - var(--wide) / 2);
    }
}
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
