"""What browsers are given besides pages, and what templates may not hold under the strict policy."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from services.web.assets import FOLDER, Assets
from services.web.render import TEMPLATES
from tests.web.browser import Browser

SERVICES = FOLDER.parents[1]
PAGES = sorted(path for folder in TEMPLATES for path in folder.glob("**/*.html") if path.parent.name != "documents")
VENDOR = FOLDER / "vendor"


def test_vendored_files_are_those_of_the_list():
    listed = dict(line.split()[::-1] for line in (VENDOR / "SHA256SUMS").read_text().splitlines())

    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir()}
    del found["SHA256SUMS"]
    assert found == listed
    assert {f"{name.partition('.')[0]}.LICENSE" for name in listed} <= set(listed)


async def test_an_asset_may_be_kept_for_ever_under_a_name_with_its_hash(browser: Browser):
    name = Assets().url("app.css")

    answer = await browser.get(name)

    assert re.fullmatch(r"/static/app\.[0-9a-f]{12}\.css", name)
    assert answer.content == (FOLDER / "app.css").read_bytes()
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("name", ["app.css", "vendor/SHA256SUMS", "../app.py", "%2e%2e/app.py", "vendor/htmx.LICENSE"])
async def test_nothing_else_is_served(browser: Browser, name: str):
    assert (await browser.get(f"/static/{name}")).status_code == 404


def test_what_every_page_loads_leaves_room_for_the_page():
    frame = sum(len(gzip.compress((FOLDER / name).read_bytes(), 9)) for name in ("app.css", "app.js", "sprite.svg"))

    assert frame + len(gzip.compress((VENDOR / "htmx.min.js").read_bytes(), 9)) < 40_000


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(SERVICES).as_posix())
def test_templates_obey_the_policy(path: Path):
    text = path.read_text()

    assert not re.search(r"""\sstyle=|<style|\son[a-z]+=["']|javascript:|hx-on|hx-vals=["']js:""", text)
    assert not re.search(r"""<script(?![^>]*\bsrc=)""", text)
    assert not re.search(r"""(src|href|action)=["'](https?:)?//""", text)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(SERVICES).as_posix())
def test_forms_that_change_something_hold_the_token(path: Path):
    forms = re.findall(r"""<form[^>]*method=["']post["'].*?</form>""", path.read_text(), re.DOTALL)

    for form in forms:
        begins = 'action="{{ url.sign_in()' in form  # nobody is signed in who could have a token
        anonymous = begins or 'action="/ngon-ngu"' in form or path.parent.name == "provider"
        again = "in again %}" in form  # what was sent, with the token that came with it
        assert anonymous or again or "hidden(" in form or 'name="csrf"' in form, form[:200]


def test_glyphs_that_templates_name_are_drawn():
    drawn = set(re.findall(r'<symbol id="(\w+)"', (FOLDER / "sprite.svg").read_text()))
    named = {name for path in PAGES for name in re.findall(r'glyph\("(\w+)"', path.read_text())}

    assert named <= drawn
    assert named
