"""The argument in a browser: its claims, its links, its figures."""

import re

import pytest
from playwright.sync_api import Page, expect

from ..seldom import seldom
from .pages import OpenPage, exception_texts, wait_idle

CLAIMS = "123456789"
FIGURES = {"1": 2, "2": 3, "3": 4, "4": 3, "5": 1, "6": 4, "7": 2, "8": 1, "9": 2}


def figures(page: Page) -> list[str]:
    """The alternative texts of the figures on the page."""
    return [
        chart.get_attribute("aria-label") or ""
        for chart in page.get_by_test_id("stPlotlyChart").locator("[aria-label]").all()
    ]


def verdict(page: Page) -> str:
    """What is said of the image."""
    return page.locator(".st-key-here").inner_text()


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
    expect(page.locator(".st-key-questions")).to_be_visible()
    wait_idle(page)
    page.locator(".st-key-claim").get_by_text("4 A point").click()
    expect(page.get_by_test_id("stMain")).to_contain_text(
        "test image 18, a 3, under: the blog's recipe"
    )
    expect(page.get_by_test_id("stMain")).to_contain_text("A point has an infinite KL")
    wait_idle(page)
    assert "claim=4" in page.url
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_test_id("stMain")).to_contain_text("test image 19")
    wait_idle(page)
    page.get_by_role("link", name="Explore").first.click()
    expect(page.locator(".st-key-image input")).to_have_value("19")
    page.get_by_role("button", name="More", exact=True).click()
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
    expect(page.locator(".js-plotly-plot .annotation-text").nth(1)).to_contain_text("planar flow")


@pytest.mark.long  # each with a page of its own
def test_a_family_that_does_not_exist_falls_back(open_page: OpenPage) -> None:
    page = open_page("claim=5&family=cauchy", path="argument")
    label = page.locator(".js-plotly-plot .annotation-text").nth(1)
    expect(label).to_contain_text("Gaussian, full")
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


# --- what moves, lights up, and has its size -----------------------------------------------------

SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
        if (entry.hadRecentInput) continue;
        // Streamlit lays its empty frame out anew when it hears that the page is wide.
        const frame = entry.sources.every(({ node }) =>
            node?.classList?.contains("stMainBlockContainer"));
        if (!frame) window.shifts.push(entry.value);
    }
}).observe({ type: "layout-shift", buffered: true });
"""
READY = ".st-key-argument[data-ready]"


def shift(page: Page, url: str) -> float:
    """How far what is seen has moved when the page at an address has been drawn."""
    page.goto(url)
    page.wait_for_selector(READY)
    wait_idle(page, seconds=60, quiet=0.6)
    return float(page.evaluate("window.shifts.reduce((sum, one) => sum + one, 0)"))


@pytest.mark.parametrize("width", seldom((390, 1400), (1400,)))
def test_nothing_moves_while_a_claim_is_drawn(open_page: OpenPage, width: int) -> None:
    page = open_page("claim=1", width=width, height=844 if width < 500 else 900, path="argument")
    page.add_init_script(SHIFTS)
    here = page.url.partition("?")[0]
    moved = {}
    for claim in ("questions", *CLAIMS):
        for _ in range(2):  # a busy machine gets a second try
            moved[claim] = shift(page, f"{here}?claim={claim}")
            if moved[claim] <= 0.05:
                break
    assert {claim: value for claim, value in moved.items() if value > 0.05} == {}


def test_a_symbol_lights_up_wherever_it_occurs(open_page: OpenPage) -> None:
    page = open_page("claim=4", path="argument")
    page.wait_for_selector(READY)
    states = """(symbol) => [...document.querySelectorAll(".st-key-argument [data-symbol]")]
        .map((one) => [one.dataset.symbol === symbol, one.classList.contains("lit")])"""
    curves = """() => [...document.querySelectorAll(".st-key-figure-shrink .scatterlayer .trace")]
        .map((one) => [one.dataset.symbol ?? "", one.style.opacity])"""
    page.wait_for_function(
        "() => document.querySelector('.st-key-figure-shrink .trace[data-symbol=price]')"
    )
    price = page.locator(".equation [data-symbol=price]").first
    for light in (price.hover, price.focus):
        light()
        found = page.evaluate(states, "price")
        assert sum(own for own, _ in found) >= 3  # equation, curve, label
        assert all(own == lit for own, lit in found)
        drawn = dict(page.evaluate(curves))
        assert drawn["price"] == ""
        assert float(drawn["kl"]) < 0.5
        page.mouse.move(2, 2)
        page.evaluate("document.activeElement.blur()")
        assert not any(lit for _, lit in page.evaluate(states, "price"))
        assert {opacity for _, opacity in page.evaluate(curves)} == {""}


def test_figures_have_their_size_and_maps_their_bar(open_page: OpenPage) -> None:
    page = open_page("claim=3", path="argument")
    page.wait_for_selector(READY)
    boxes = """() => [...document.querySelectorAll(".js-plotly-plot")].map((one) => {
        const { width, height } = one.getBoundingClientRect();
        return [width, height];
    })"""
    assert all(min(size) >= 320 for size in page.evaluate(boxes))
    gap = """() => {
        const plot = document.querySelector(".st-key-figure-prediction");
        const map = plot.querySelector(".heatmaplayer image").getBoundingClientRect();
        const bar = plot.querySelector(".cbfills").getBoundingClientRect();
        return [map.width, map.height, bar.left - map.right];
    }"""
    width, height, distance = page.evaluate(gap)
    assert min(width, height) >= 320
    assert 0 <= distance <= 12
    sizes = """() => [...document.querySelectorAll(".js-plotly-plot text")]
        .map((one) => getComputedStyle(one).fontSize)"""
    assert set(page.evaluate(sizes)) <= {"12px"}
