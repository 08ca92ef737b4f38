"""Looking at a page as a picky person would: can everybody use it, does it fit, is it quiet, did everything come?"""

import json
import os
from pathlib import Path
from typing import Any

from playwright.async_api import ConsoleMessage, Page, Request, Response

AXE = Path(__file__).parent.parent / "provider" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
#: Name a folder here to keep a picture of every page.
SHOTS = os.environ.get("MINHCHUAN_SHOTS")


class Noise:
    """What went wrong while a page was open: on the console, in scripts, on the network."""

    def __init__(self, page: Page, *, expected: int = 200) -> None:
        self.heard: list[str] = []
        self._expected = expected
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.heard.append(f"script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not self._refusal(message.text):
            self.heard.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        if not (request.failure == "net::ERR_ABORTED" and "/static/icon." in request.url):  # of a page that was left
            self.heard.append(f"failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status != self._expected:
            self.heard.append(f"{response.status}: {response.url}")

    def _refusal(self, text: str) -> bool:
        """Chromium reports that a page is an error page, htmx that an answer is a refusal; here that is asked for."""
        told = (f"status of {self._expected}", f"Response Status Error Code {self._expected}")
        return self._expected >= 400 and any(one in text for one in told)


async def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA: rule, element, why. The page must run scripts."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    found = await page.evaluate(f"axe.run(document, {json.dumps(RULES)})")
    return [
        f"{one['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


async def overflowing(page: Page) -> list[str]:
    """What makes the page scroll sideways, outside regions that scroll by themselves; [] when nothing does."""
    script = """() => {
      const wide = document.documentElement, width = wide.clientWidth;
      if (wide.scrollWidth <= width) return [];
      const scrolls = (one) => one && (/auto|scroll|hidden/.test(getComputedStyle(one).overflowX)
        || scrolls(one.parentElement));
      return [...document.querySelectorAll("body *")]
        .filter((one) => one.getBoundingClientRect().right > width + 1 && !scrolls(one.parentElement))
        .map((one) => one.outerHTML.slice(0, 160)).slice(0, 5).concat(`the page is ${wide.scrollWidth} wide`);
    }"""
    found: list[str] = await page.evaluate(script)
    return found


async def headings(page: Page) -> tuple[str, list[str]]:
    """The title, and every heading of the first rank."""
    return await page.title(), await page.locator("h1").all_inner_texts()


async def keep(page: Page, name: str) -> None:
    """A picture of the whole page, when somebody asked for pictures."""
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


async def parts(page: Page, selector: str) -> list[Any]:
    """The texts of these elements, spaces put in order."""
    return [" ".join(text.split()) for text in await page.locator(selector).all_inner_texts()]
