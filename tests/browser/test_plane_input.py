"""The plane under a mouse, a finger and a keyboard."""

import numpy as np
import pytest
from playwright.sync_api import Page

from vae_core.maths.bernoulli import sigmoid

from ..explore_page import loaded, mnist
from .pages import OpenPage, wait_idle
from .panel import Panel, empty_place, lonely_image

MEAN = loaded("sample").mean


def decoded(z: np.ndarray) -> np.ndarray:
    """The picture at z in grey levels."""
    return 255 * sigmoid(loaded("sample").network.decode(z).astype(np.float64))


@pytest.fixture
def panel(open_page: OpenPage) -> Panel:
    panel = Panel(open_page("k=1"))
    panel.wait_shown("k=1,")
    return panel


def check_selected(page: Page, image: int) -> None:
    """Address, control and both panels show this test image."""
    for key in ("model", "versus"):
        panel = Panel(page, key)
        panel.wait_shown(f"image={image},", "z=None")
        assert panel.picture("figure.x canvas") == pytest.approx(mnist().images[image].ravel())
    wait_idle(page)
    assert panel.address()["image"] == str(image)
    assert "z" not in panel.address()
    assert page.locator(".st-key-image input").input_value() == str(image)


def test_the_pointer_decodes_the_place_below_it(panel: Panel) -> None:
    assert panel.find(".hover").is_hidden()
    left, top, size = panel.box
    for share in [(0.3, 0.6), (0.5, 0.45), (0.9, 0.95)]:
        x, y = (int(v) for v in np.array([left, top]) + size * np.array(share))
        panel.page.mouse.move(x, y)
        assert panel.picture(".hover-digit") == pytest.approx(decoded(panel.to_data(x, y)), abs=1)
    panel.page.mouse.move(x, y + 200)
    assert panel.find(".hover").is_hidden()


def test_a_click_on_a_point_selects_its_image(panel: Panel) -> None:
    image = lonely_image(panel, MEAN)
    panel.page.mouse.click(*(panel.to_page(MEAN[image]) + 2))
    check_selected(panel.page, image)


def test_a_click_on_empty_space_selects_that_z(panel: Panel) -> None:
    x, y = empty_place(panel, MEAN)
    z = panel.to_data(x, y)
    panel.page.mouse.click(x, y)
    panel.wait_shown("z=(")
    wait_idle(panel.page)
    address = [float(v) for v in panel.address()["z"].replace("%2C", ",").split(",")]
    assert address == pytest.approx(z, abs=6e-4)  # three decimals
    # Both lanes show one picture: the one that the lane that was clicked makes there.
    assert panel.address()["by"] == "model"
    picture = decoded(np.array(address))
    for key in ("model", "versus"):
        shown = Panel(panel.page, key)
        shown.wait_shown("z=(")
        assert shown.picture("figure.x canvas") == pytest.approx(picture, abs=1)
    # A click on a point goes back to test images.
    image = lonely_image(panel, MEAN)
    panel.page.mouse.click(*panel.to_page(MEAN[image]))
    check_selected(panel.page, image)


@pytest.mark.long  # each with a page of its own
def test_a_drag_pans_and_selects_nothing(panel: Panel) -> None:
    before, shown, address = panel.view, panel.shown, panel.page.url
    x, y = (int(v) for v in panel.to_page(np.zeros(2)))
    grabbed = panel.to_data(x, y)
    mouse = panel.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 20, y - 10, steps=4)
    mouse.move(x + 60, y - 25, steps=4)
    mouse.up()
    assert panel.to_data(x + 60, y - 25) == pytest.approx(grabbed, abs=1e-6)
    assert np.diff(panel.view)[0] == pytest.approx(np.diff(before)[0])
    wait_idle(panel.page)
    assert (panel.shown, panel.page.url) == (shown, address)


@pytest.mark.long  # each with a page of its own
def test_the_wheel_zooms_about_the_pointer_and_a_double_click_resets(panel: Panel) -> None:
    whole = panel.view
    anchor = np.array([1.0, -0.5])
    for delta in (-240, -600, 300):
        x, y = (int(v) for v in panel.to_page(anchor))
        width, z = np.diff(panel.view)[0], panel.to_data(x, y)
        panel.page.mouse.move(x, y)
        panel.page.mouse.wheel(0, delta)
        assert panel.to_page(z) == pytest.approx([x, y], abs=1e-3)
        factor = np.diff(panel.view)[0] / width
        assert (factor < 1) == (delta < 0)
    assert panel.page.evaluate("scrollY") == 0  # the page itself stays
    panel.page.mouse.dblclick(*panel.to_page(anchor))
    assert panel.view == pytest.approx(whole)


@pytest.mark.long  # each with a page of its own
def test_double_click_keeps_the_choice(panel: Panel) -> None:
    before = panel.page.url
    panel.page.mouse.dblclick(*panel.to_page(np.array([1.0, -0.5])))
    wait_idle(panel.page)
    assert panel.page.url == before


@pytest.mark.long  # each with a page of its own
def test_a_change_of_the_image_keeps_the_zoom(panel: Panel) -> None:
    panel.wheel(np.array([1.0, -0.5]), -500)
    view = panel.view
    panel.page.get_by_role("button", name="Next", exact=True).click()
    panel.wait_shown("k=1,", "image=1368,")
    assert panel.view == pytest.approx(view)


def test_arrows_move_a_cursor_enter_picks_and_escape_resets(panel: Panel) -> None:
    whole = panel.view
    panel.canvas.focus()
    keyboard = panel.page.keyboard
    for key in ["ArrowRight"] * 5 + ["ArrowUp"] * 3 + ["Shift+ArrowLeft"] * 2:
        keyboard.press(key)
    left, top, size = panel.box
    # Steps of 8 pixels from the middle, of 1 with Shift.
    x, y = left + size / 2 + 5 * 8 - 2, top + size / 2 - 3 * 8
    z = panel.to_data(x, y)
    assert panel.picture(".hover-digit") == pytest.approx(decoded(z), abs=1)
    places = panel.to_page(MEAN)
    distances = np.hypot(*(places - [x, y]).T)
    assert distances.min() < 7  # the middle of the plane is crowded
    keyboard.press("Enter")
    check_selected(panel.page, int(distances.argmin()))
    panel.canvas.focus()
    keyboard.press("+")
    assert np.diff(panel.view)[0] < np.diff(whole)[0]
    keyboard.press("Escape")
    assert panel.view == pytest.approx(whole)
    assert panel.find(".hover").is_hidden()


@pytest.mark.long  # each with a page of its own
def test_enter_on_empty_space_picks_that_z(panel: Panel) -> None:
    x, y = empty_place(panel, MEAN)
    z = panel.to_data(x, y)
    panel.wheel(z, -2000)  # so near that the steps of the cursor stay in the gap
    panel.canvas.focus()
    panel.page.keyboard.press("ArrowLeft")
    left, right, bottom, top = panel.view
    cursor = ((left + right) / 2 - 8 * (right - left) / panel.box[2], (bottom + top) / 2)
    panel.page.keyboard.press("Enter")
    panel.wait_shown("z=(")
    wait_idle(panel.page)
    address = [float(v) for v in panel.address()["z"].replace("%2C", ",").split(",")]
    assert address == pytest.approx(cursor, abs=6e-4)


@pytest.mark.long  # each with a page of its own
def test_a_tap_selects(open_page: OpenPage) -> None:
    page = open_page("k=1", touch=True)
    panel = Panel(page)
    panel.wait_shown("k=1,")
    image = lonely_image(panel, MEAN)
    page.touchscreen.tap(*panel.to_page(MEAN[image]))
    check_selected(page, image)
