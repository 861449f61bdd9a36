"""The argument in a browser: its claims, its links, its figures."""

import re

import pytest
from playwright.sync_api import Page, expect

from ..seldom import seldom
from .pages import OpenPage, exception_texts, wait_idle

CLAIMS = "1234567"
FIGURES = {"1": 1, "2": 3, "3": 3, "4": 2, "5": 1, "6": 3, "7": 1}


def figures(page: Page) -> list[str]:
    """The alternative texts of the figures on the page."""
    return [
        chart.get_attribute("aria-label") or ""
        for chart in page.get_by_test_id("stPlotlyChart").locator("[aria-label]").all()
    ]


def verdict(page: Page) -> str:
    """The paragraph with the sentence in bold."""
    return page.locator(".stMarkdown p:has(strong)").first.inner_text()


@pytest.mark.parametrize("claim", seldom(CLAIMS, ("1",)))
def test_a_link_opens_a_claim(open_page: OpenPage, claim: str) -> None:
    page = open_page(f"claim={claim}&image=18", path="argument")
    assert not exception_texts(page)
    assert page.get_by_test_id("stAlert").count() == 0
    opened = page.locator(".st-key-claim").get_by_role("radio", checked=True)
    expect(opened).to_have_text(re.compile(f"^{claim} "))
    charts = page.locator(".js-plotly-plot")
    expect(charts).to_have_count(FIGURES[claim])
    for chart in charts.all():
        expect(chart.locator(".xtitle").first).not_to_be_empty()
        expect(chart.locator(".ytitle").first).not_to_be_empty()
    assert "test image 18" in page.get_by_test_id("stMain").inner_text()
    assert re.search(r"\d", verdict(page))


@pytest.mark.long  # each with a page of its own
def test_another_image_gives_another_verdict(open_page: OpenPage) -> None:
    page = open_page("claim=4&image=18", path="argument")
    before = verdict(page)
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_test_id("stMain")).to_contain_text("test image 19")
    wait_idle(page)
    assert verdict(page) != before
    assert "image=19" in page.url


def test_choices_come_along_from_page_to_page(open_page: OpenPage) -> None:
    page = open_page("image=18&model=blog&k=4")
    page.get_by_role("link", name="The argument").click()
    expect(page.get_by_test_id("stMain")).to_contain_text("test image 18, a 3, under blog")
    wait_idle(page)
    page.locator(".st-key-claim").get_by_text("4 A point").click()
    expect(page.get_by_test_id("stMain")).to_contain_text("A point has an infinite KL")
    wait_idle(page)
    assert "claim=4" in page.url
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_test_id("stMain")).to_contain_text("test image 19")
    wait_idle(page)
    page.get_by_role("link", name="Explore").first.click()
    expect(page.locator(".st-key-image input")).to_have_value("19")
    expect(page.locator(".st-key-k input")).to_have_value("4")


@pytest.mark.long  # each with a page of its own
def test_back_returns_to_the_claim_before(open_page: OpenPage) -> None:
    page = open_page("claim=7", path="argument")
    page.locator(".st-key-claim").get_by_text("1 Why sample").click()
    expect(page.get_by_test_id("stMain")).to_contain_text("no closed form")
    wait_idle(page)
    page.go_back()
    expect(page.get_by_test_id("stMain")).to_contain_text("The recipe as the blog prints it")


@pytest.mark.long  # each with a page of its own
def test_a_question_leads_to_what_shows_it(open_page: OpenPage) -> None:
    page = open_page("claim=questions", path="argument")
    assert page.get_by_test_id("stExpander").count() >= 12
    page.get_by_text("Must q be a Gaussian?").click()
    page.get_by_role("link", name="See it: claim 5").locator("visible=true").first.click()
    expect(page.get_by_test_id("stMain")).to_contain_text("q need not be Gaussian")
    expect(page.get_by_test_id("stMain")).to_contain_text("planar flow")


@pytest.mark.long  # each with a page of its own
def test_the_flow_comes_after_the_rest(open_page: OpenPage) -> None:
    page = open_page("claim=5&family=flow&image=18", path="argument")
    row = page.locator("tr", has_text="planar flow")
    expect(row).not_to_contain_text("…", timeout=30_000)
    expect(page.locator(".js-plotly-plot .legend")).to_contain_text("planar flow")


@pytest.mark.long  # each with a page of its own
def test_a_family_that_does_not_exist_falls_back(open_page: OpenPage) -> None:
    page = open_page("claim=5&family=cauchy", path="argument")
    expect(page.locator(".js-plotly-plot .legend")).to_contain_text("Gaussian, full")
    assert not exception_texts(page)


@pytest.mark.parametrize("claim", seldom([*CLAIMS, "questions"], ("2",)))
def test_on_a_phone_nothing_is_cut_off(open_page: OpenPage, claim: str) -> None:
    page = open_page(f"claim={claim}", width=390, height=844, touch=True, path="argument")
    overflow = """() => [...document.querySelectorAll("html, body, [data-testid=stMain]")]
        .map((element) => element.scrollWidth - element.clientWidth)"""
    assert max(page.evaluate(overflow)) <= 0


@pytest.mark.long  # each with a page of its own
def test_figures_follow_the_theme(open_page: OpenPage) -> None:
    lines = []
    for dark in (False, True):
        page = open_page("claim=1", dark=dark, path="argument")
        line = page.locator(".js-plotly-plot .scatterlayer path.js-line").last
        lines.append(line.evaluate("(path) => getComputedStyle(path).stroke"))
    assert lines[0] != lines[1]
