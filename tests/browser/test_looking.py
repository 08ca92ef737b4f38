"""The suite's own eyes: what they must see, they see."""

from pathlib import Path

import pytest

from tests.browser.conftest import CHROMIUM, Open, program
from tests.browser.looking import Noise, overflowing, violations

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_page_that_leaves_people_out_is_seen(open_as: Open):
    page = await open_as(None)
    await page.set_content("<html><title>x</title><body style='color:#999;background:#fff'>pale <input></body>")

    found = {one.partition(":")[0] for one in await violations(page)}

    assert {"color-contrast", "html-has-lang", "label"} <= found


async def test_what_makes_a_page_scroll_sideways_is_named_and_a_table_that_scrolls_by_itself_is_not(open_as: Open):
    page = await open_as(None, width=360)
    wide = "<p style='width:900px'>wide</p>"

    await page.set_content(f"<div style='overflow-x:auto'>{wide}</div>")
    assert await overflowing(page) == []

    await page.set_content(wide)
    assert any("wide</p>" in one for one in await overflowing(page))


async def test_errors_on_the_console_and_on_the_network_are_heard(open_as: Open):
    page = await open_as(None)
    noise = Noise(page)
    await page.goto("/")
    assert noise.heard == []

    await page.evaluate("console.error('oh'); fetch('/static/none.css')")

    assert any("oh" in one for one in noise.heard)
    assert any(one.startswith("404") for one in noise.heard)


async def test_the_browser_is_found_on_the_path_and_else_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match=r"apt-get install .* chromium"):
        program(CHROMIUM)

    shell = tmp_path / "chromium-headless-shell"
    shell.touch(mode=0o755)

    assert program(CHROMIUM) == str(shell)
