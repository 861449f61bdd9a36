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
from vae_core.explorer.claims import claim_8_trained_on_means as trained_on_means
from vae_core.explorer.claims import claim_9_one_nat as one_nat
from vae_core.explorer.pages import argument
from vae_core.explorer.parts.equations import equation_html
from vae_core.explorer.parts.texts import claim, questions
from vae_core.models.naming import called

from .claim_inputs import plain
from .explore_page import APP, SHIPPED, complaints, loaded
from .seldom import seldom

MODULES = {
    "1": expectation,
    "2": one_sample,
    "3": mean_objective,
    "4": point,
    "5": families_of_q,
    "6": prior,
    "7": recipe,
    "8": trained_on_means,
    "9": one_nat,
}
COMPUTE: dict[str, tuple[str, ...]] = {
    "1": ("running_average", "many"),
    "2": ("spread", "load_gradients"),
    "3": ("compare", "price_fields"),
    "4": ("shrink", "balance", "codes_of"),
    "5": ("fit_simple", "fit_flow"),
    "6": ("generation", "gains"),
    "7": ("printed", "settled"),
    "8": ("compare", "below", "shrunk"),
    "9": ("slopes", "balance"),
}


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
    """What is said, without the marks of its symbols."""
    return [plain(element.value) for element in at.markdown]


def equations(at: AppTest) -> list[str]:
    return [one.value for one in at.markdown if one.value.startswith('<div class="equation">')]


def verdicts(at: AppTest, head: str = "This image") -> list[str]:
    """What is said of the image, or under another head."""
    return [text.split("\n\n", 1)[1] for text in prose(at) if text.startswith(f"{head}\n\n")]


@pytest.mark.parametrize("number", MODULES)
def test_a_link_goes_straight_to_a_claim(number: str) -> None:
    at = open_page(claim=number)
    assert works(at)
    text = claim(int(number))
    assert opened(at) == [text.title]
    assert prose(at)[0] == text.body
    (equation,) = equations(at)
    assert equation == equation_html(all_claims()[number].equation)
    (verdict,) = verdicts(at)
    assert "**" in verdict
    (ruled,) = verdicts(at, "The rule, over test images")
    assert re.search(r"[\d,]+ (?:of them|test images|images)", ruled)
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
    under = at.caption[0].value.partition(", under: ")[2]
    # The models whose numbers are shown, which need not be the chosen one.
    shown = [called(loaded(one).metadata) for one in all_claims()[number].models or (name,)]
    assert re.findall(r"\*\*(.+?)\*\*", under) == shown
    assert "`" not in at.caption[0].value


@pytest.mark.parametrize(
    "query",
    [
        *(
            {"claim": value}
            for value in ("0", "10", "x", "", "-1", "1.0", "nan", " 1", "Questions")
        ),
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
    default: tuple[list[str], list[str]], query: dict[str, str | list[str]]
) -> None:
    named = {} if "claim" in query else {"claim": "1"}
    at = open_page(**named, **query)
    assert works(at)
    assert opened(at) == ([claim(1).title] if named else [])  # or the questions
    assert prose(at) == default[bool(named)]


@pytest.fixture(scope="module")
def default() -> tuple[list[str], list[str]]:
    """What an address without a query says, and one that names a claim alone."""
    return prose(open_page()), prose(open_page(claim="1"))


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
    assert opened(at) == []  # the questions come first
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
    # The two that everybody asks are open.
    assert [one.proto.expanded for one in at.expander] == [
        i < argument.OPEN for i in range(len(questions()))
    ]
    asked = [one.question for one in questions()[: argument.OPEN]]
    assert "sample" in asked[0]
    assert "training" in asked[0]
    assert "test time" in asked[1]
    links = [link.proto for link in at.get("page_link")][3:]  # after those of the pages
    for link, one in zip(links, questions(), strict=True):
        assert (link.page or "explore") == one.page  # the default page has no path
        assert link.query_string == "&".join(f"{k}={v}" for k, v in one.query.items())


@pytest.mark.parametrize("number", MODULES)
def test_a_control_is_shown_where_it_acts(number: str) -> None:
    """And where it is not, its value in the address is kept and meant."""
    at = open_page(claim=number, image="18", model="large", seed="5")
    assert works(at)
    acts = {"model": all_claims()[number].follows_model, "seed": all_claims()[number].follows_seed}
    for key, shown in acts.items():
        assert (key in keys_within(at, "controls"), key in keys_within(at, "idle")) == (
            shown,
            not shown,
        )
    assert (at.session_state.model, at.session_state.seed) == ("large", 5)
    at.button_group(key="claim").set_value("1").run()
    assert (at.session_state.model, at.session_state.seed) == ("large", 5)
    assert at.query_params["model"] in ("large", ["large"])


def test_the_model_is_offered_where_another_one_is_needed() -> None:
    for query in ({"model": "fashion"}, {"z": "0.30,-1.20"}):
        at = open_page(claim="7", **query)
        assert not at.exception
        assert "model" in keys_within(at, "controls")


@pytest.mark.parametrize("number", seldom([one for one in MODULES if one not in "25"], ("7", "8")))
def test_what_a_control_says_changes_what_is_shown_where_it_acts(
    number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []

    def note(network: Any, z: Any, columns: int, caption: str) -> None:
        decoded.append(f"{caption} {z.tolist()}")

    monkeypatch.setattr(MODULES[number], "show_pictures", note, raising=False)

    def shown(**query: str) -> list[str]:
        decoded.clear()
        at = open_page(claim=number, **query)
        return [*prose(at), *(one.proto.spec for one in at.get("plotly_chart")), *decoded]

    base, one = shown(), all_claims()[number]
    assert (shown(seed="9") != base) == one.follows_seed
    assert (shown(model="quadrature") != base) == one.follows_model


def keys_within(at: AppTest, container: str) -> set[str]:
    """Keys of the widgets in one of the page's containers."""

    def keys(block: Any) -> Iterator[str]:
        for child in getattr(block, "children", {}).values():
            yield str(getattr(child, "key", None) or "")
            yield from keys(child)

    (page,) = [
        one
        for one in at.main.children.values()
        if getattr(getattr(one, "proto", None), "id", "").endswith("-argument")
    ]
    (found,) = [
        one
        for one in page.children.values()
        if getattr(getattr(one, "proto", None), "id", "").endswith(f"-{container}")
    ]
    return set(keys(found))


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
