"""The Argument page as a script: its address, its claims, and no computation before it is asked."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from vae_core.errors import InputError
from vae_core.explorer.claims import all_claims
from vae_core.explorer.claims import claim_1_expectation as expectation
from vae_core.explorer.claims import claim_2_one_sample as one_sample
from vae_core.explorer.claims import claim_3_mean_objective as mean_objective
from vae_core.explorer.claims import claim_4_point as point
from vae_core.explorer.claims import claim_5_families_of_q as families_of_q
from vae_core.explorer.claims import claim_6_prior as prior
from vae_core.explorer.claims import claim_7_recipe as recipe
from vae_core.explorer.pages import argument
from vae_core.explorer.parts.texts import claim, questions

from .explore_page import APP, SHIPPED, complaints
from .seldom import seldom

MODULES = {
    "1": expectation,
    "2": one_sample,
    "3": mean_objective,
    "4": point,
    "5": families_of_q,
    "6": prior,
    "7": recipe,
}
COMPUTE: dict[str, tuple[str, ...]] = {
    "1": ("running_average",),
    "2": ("spread", "load_gradients"),
    "3": ("compare", "price_fields"),
    "4": ("shrink", "codes_of"),
    "5": ("fit_simple", "fit_flow"),
    "6": ("generation",),
    "7": ("printed", "settled"),
}
FIRST = claim(1).title


@pytest.fixture(autouse=True)
def nothing_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a visitor does, nothing is worth a warning."""
    yield
    assert complaints(caplog) == []


def open_page(**query: str | list[str]) -> AppTest:
    """The page as it opens at an address with this query."""
    at = AppTest.from_file(APP, default_timeout=120)
    at.switch_page("vae_core/explorer/pages/argument.py")  # registered by this file's name
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def works(at: AppTest) -> bool:
    return not at.exception and not at.error and at.title[0].value.startswith("The argument")


def opened(at: AppTest) -> list[str]:
    return [heading.value for heading in at.subheader]


def prose(at: AppTest) -> list[str]:
    return [element.value for element in at.markdown]


def verdicts(at: AppTest) -> list[str]:
    return [text for text in prose(at)[1:] if "nats" in text and "**" in text and "|" not in text]


@pytest.mark.parametrize("number", MODULES)
def test_a_link_goes_straight_to_a_claim(number: str) -> None:
    at = open_page(claim=number)
    assert works(at)
    text = claim(int(number))
    assert opened(at) == [text.title]
    assert prose(at)[0] == text.body
    assert len(verdicts(at)) == 1
    charts = [chart.proto for chart in at.get("plotly_chart")]
    assert charts
    assert len({chart.id for chart in charts}) == len(charts)
    for chart in charts:
        assert len(chart.alt.split()) > 5
        layout = json.loads(chart.spec)["layout"]
        assert layout["xaxis"]["title"]["text"]
        assert layout["yaxis"]["title"]["text"]


@pytest.mark.parametrize("number", MODULES)
@pytest.mark.parametrize("name", seldom([n for n in SHIPPED if n != "sample"], ("mean",)))
def test_every_claim_is_shown_for_every_model(name: str, number: str) -> None:
    at = open_page(claim=number, model=name)
    assert works(at)
    without_q = name == "autoencoder" and number in ("1", "2")
    assert len(at.info) == without_q
    under = at.caption[0].value.partition(", under ")[2]
    # The models whose numbers are shown, which need not be the chosen one.
    assert re.findall(r"`(.+?)`", under) == list(all_claims()[number].models or (name,))


@pytest.mark.parametrize(
    "query",
    [
        *({"claim": value} for value in ("0", "8", "x", "", "-1", "1.0", "nan", " 1", "Questions")),
        *({"claim": value} for value in ("<script>alert(1)</script>", "../1", "1" * 300)),
        {"claim": ["2", "x"]},
        *({"image": value} for value in ("-1", "10000", "abc", "", "nan", "inf", "1e999")),
        *({"seed": value} for value in ("x", "-1", "inf", "2147483648")),
        *({"model": value} for value in ("nope", "", "../sample")),
        *({"z": value} for value in ("1e309,1", "1", "<script>", "nan,nan")),
        *({key: "zzz"} for key in ("digit", "order", "versus", "unknown")),
    ],
    ids=str,
)
def test_an_unreadable_value_falls_back_to_the_default(
    default: list[str], query: dict[str, str | list[str]]
) -> None:
    at = open_page(**query)
    assert works(at)
    assert opened(at) == [FIRST]
    assert prose(at) == default


@pytest.fixture(scope="module")
def default() -> list[str]:
    """What an address without a query says."""
    return prose(open_page())


@pytest.mark.long  # every claim, computed anew
@pytest.mark.parametrize(
    ("number", "key", "values"),
    [
        ("2", "untrained", ("x", "2", "")),
        ("2", "decoded", ("x", "nan")),
        ("3", "sigma", ("nan", "inf", "-1", "5", "x", "1e999", "")),
        ("5", "family", ("unknown", "<script>", "Full")),
    ],
)
def test_an_unreadable_choice_of_an_experiment_falls_back(
    number: str, key: str, values: tuple[str, ...]
) -> None:
    expected = open_page(claim=number)
    for value in values:
        at = open_page(claim=number, **{key: value})
        assert works(at), value
        assert prose(at) == prose(expected), value
        assert at.session_state[key] == expected.session_state[key], value


def test_an_empty_or_repeated_family_is_one_of_them() -> None:
    expected = open_page(claim="5")
    for value in ("", ["flow", "full"], ["full", "unknown"], ["", ""]):
        at = open_page(claim="5", family=value)
        assert works(at), value
        assert prose(at) == prose(expected), value


def test_of_a_repeated_claim_one_is_opened() -> None:
    at = open_page(claim=["2", "4"])
    assert works(at)
    assert opened(at) in ([claim(2).title], [claim(4).title])


def test_the_image_the_model_and_the_seed_decide_the_verdict() -> None:
    queries: list[dict[str, str]] = [{}, {"image": "7"}, {"model": "mean"}, {"seed": "5"}]
    queries.append({"z": "0.30,-1.20"})
    found = [verdicts(open_page(claim="1", **query))[0] for query in queries]
    assert len(set(found)) == len(queries)


@pytest.mark.long  # every claim, computed anew
def test_a_picture_without_evidence_is_no_exception() -> None:
    for number in MODULES:
        at = open_page(claim=number, z="50,-50")
        assert not at.exception
        assert len(at.error) == (number == "5")  # which needs a true posterior, and says so


def test_the_controls_change_claim_image_and_seed() -> None:
    at = open_page()
    at.button_group(key="claim").set_value("4").run()
    assert works(at)
    assert opened(at) == [claim(4).title]
    assert at.query_params["claim"] in ("4", ["4"])
    before = verdicts(at)
    at.button(key="next").click().run()
    assert works(at)
    assert opened(at) == [claim(4).title]
    assert verdicts(at) != before
    at.button_group(key="claim").set_value("1").run()
    before = verdicts(at)
    at.button(key="resample-claim").click().run()
    assert works(at)
    assert at.session_state.seed == 1
    assert verdicts(at) != before


def test_questions_link_to_what_answers_them() -> None:
    at = open_page(claim="questions")
    assert works(at)
    assert [one.label for one in at.expander] == [one.question for one in questions()]
    assert prose(at) == [one.answer for one in questions()]
    links = [link.proto for link in at.get("page_link")]
    for link, one in zip(links, questions(), strict=True):
        assert (link.page or "explore") == one.page  # the default page has no path
        assert link.query_string == "&".join(f"{k}={v}" for k, v in one.query.items())


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("Computed before it was opened")


@pytest.mark.parametrize("number", [*MODULES, argument.QUESTIONS])
def test_nothing_is_computed_before_its_claim_is_opened(
    number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other, module in MODULES.items():
        if other != number:
            for name in (*COMPUTE[other], "show"):
                monkeypatch.setattr(module, name, refuse)
            refusing = replace(all_claims()[other], show=refuse)
            monkeypatch.setitem(all_claims(), other, refusing)
    if number == argument.QUESTIONS:
        monkeypatch.setattr(argument, "load_model", refuse)
    assert works(open_page(claim=number, image="31"))


@pytest.mark.parametrize("number", MODULES)
def test_an_opened_claim_computes(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # So that the test above refuses what is really called.
    def called(*_: Any, **__: Any) -> Any:
        raise InputError("called")

    for name in COMPUTE[number]:
        with monkeypatch.context() as patched:
            patched.setattr(MODULES[number], name, called)
            at = open_page(claim=number, image="32")
            assert [error.value for error in at.error] == ["called"]
