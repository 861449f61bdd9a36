"""Equations as MathML, well-formed and with every symbol marked; prose with its symbols."""

import re
from xml.etree import ElementTree

import pytest

from vae_core.explorer.claims import all_claims
from vae_core.explorer.frontend import source, theme
from vae_core.explorer.parts.equations import SYMBOLS, Step, equation_html, linked, mathml

CLAIMS = all_claims()


def tree(equation: str) -> ElementTree.Element:
    return ElementTree.fromstring(mathml(equation))


def test_a_fraction_a_script_and_words() -> None:
    found = tree('E_(z∼q) [ p(x|z) // q(z|x) ] + σ^2 "is so"')
    assert found.tag == "math"
    (fraction,) = found.iter("mfrac")
    assert len(fraction) == 2
    assert "".join(fraction[0].itertext()) == "p(x|z)"
    assert "".join(found.find(".//msub").itertext()) == "Ez∼q"
    assert "".join(found.find(".//msup").itertext()) == "σ2"
    assert found.find(".//mtext").text == "is so"


@pytest.mark.parametrize("text", SYMBOLS)
def test_every_symbol_is_marked(text: str) -> None:
    found = tree(f"{text} = {text}")
    marked = [one for one in found.iter() if one.get("data-symbol")]
    assert [one.get("data-symbol") for one in marked] == [SYMBOLS[text]] * 2
    assert all("s" in one.get("class", "").split() for one in marked)
    assert [one.get("tabindex") for one in marked] == ["0", None]  # one stop for the keyboard
    assert SYMBOLS[text] in theme()["light"]["symbol"]
    assert f"[data-symbol={SYMBOLS[text]}]" in source("symbols.css")


@pytest.mark.parametrize(
    "damaged", ["[ a // b", "[ a ]", "( a", "^2", "a // b", "a )", "a ]", "a_"]
)
def test_a_damaged_equation_is_refused(damaged: str) -> None:
    with pytest.raises(ValueError, match="Invalid equation"):
        mathml(damaged)


@pytest.mark.parametrize("number", CLAIMS)
def test_every_claim_has_its_equation_and_every_symbol_in_it_is_marked(number: str) -> None:
    steps = CLAIMS[number].equation
    assert len(steps) >= 2
    assert all(step.why.endswith((".", "dimensions.")) for step in steps)
    text = equation_html(steps)
    for math in re.findall(r"<math>.*?</math>", text):
        root = ElementTree.fromstring(math)
        bare = [one.text for one in root.iter() if one.text and not _within_symbol(root, one)]
        for letter in ("x", "z", "μ", "σ", "Σ", "ε", "x̂", "KL"):
            assert letter not in bare, (letter, math)
    assert "data-symbol=" in text
    assert "$" not in text
    assert "\\" not in text


def _within_symbol(root: ElementTree.Element, one: ElementTree.Element) -> bool:
    return any(one in mark.iter() for mark in root.iter() if mark.get("data-symbol"))


def test_claim_1_goes_from_the_integral_to_the_bound_in_three_steps() -> None:
    steps = CLAIMS["1"].equation
    assert "∫ p(x|z) p(z) dz" in steps[0].equation
    for number, word in ((1, "p/q"), (2, "Jensen"), (3, "Split")):
        assert steps[number].why.startswith(f"{number}. ")
        assert word in steps[number].why
    assert "−ELBO" in steps[3].equation
    assert "the sample enters" in steps[4].why


def test_prose_marks_symbols_and_leaves_the_rest() -> None:
    text = linked("**The price of σ** at z, p(x|z) and x̂; KL of `z` <b title='z'>zebra</b>, ELBO")
    found = re.findall(r'data-symbol="(\w+)" class="s">([^<]+)<', text)
    assert found == [
        ("price", "price of σ"),
        ("sample", "z"),
        ("x", "x"),
        ("sample", "z"),
        ("reconstruction", "x̂"),
        ("kl", "KL"),
    ]
    assert "`z`" in text
    assert "<b title='z'>zebra</b>" in text
    assert re.sub("<[^>]+>", "", linked("σ and μ")) == "σ and μ"


def test_the_words_of_a_step_are_marked_too() -> None:
    text = equation_html([Step("a = σ", "σ is a")])
    assert text.count('data-symbol="stddev"') == 2
