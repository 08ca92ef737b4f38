import asyncio
import hashlib
import io
import subprocess
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pikepdf
import pytest
import pytest_asyncio
from weasyprint import HTML

from infra.pdf.print_process import stay_inside
from infra.pdf.printer import PATIENCE, Printer, PrintingFailed

ASSETS = Path("services/documents").absolute()
IDENTIFIER = b"sixteen bytes id"

PAGE = """<!doctype html><html lang="vi"><head><title>Thử</title>
<link rel="stylesheet" href="asset:/print.css"></head><body>{}</body></html>"""


#: The printer is shared, so its tests share a loop.
in_one_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def printer() -> AsyncIterator[Printer]:
    async with Printer(ASSETS, patience=20) as printer:
        yield printer


def text_of(pdf: bytes) -> str:
    return subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def without_spaces(text: str) -> str:
    return "".join(text.split())


def fonts_of(pdf: bytes, folder: Path) -> list[str]:
    """The names of all fonts in the file, without the tags of subsets."""
    (folder / "fonts.pdf").write_bytes(pdf)
    said = subprocess.run(["pdffonts", folder / "fonts.pdf"], capture_output=True, check=True, text=True).stdout
    return sorted(line.split()[0].partition("+")[2] or line.split()[0] for line in said.splitlines()[2:])


@in_one_loop
async def test_vietnamese_comes_out_as_it_went_in(printer):
    text = "Quyết định công nhận xã Trường Thạnh Hoà: ằ ẵ ặ ấ ẩ ẫ ậ ế ề ể ễ ệ ố ồ ổ ỗ ộ ớ ờ ở ỡ ợ ứ ừ ử ữ ự ỳ ỵ ỷ ỹ Đ"

    pdf = await printer.print(PAGE.format(f"<p>{text}</p>"), IDENTIFIER)

    assert without_spaces(text) in without_spaces(text_of(pdf))


@in_one_loop
async def test_only_our_fonts_are_embedded(printer, tmp_path):
    body = "<p>Thường <b>đậm</b> <i>nghiêng</i> <b><i>cả hai</i></b> ☐ ☒ 漢 🙂</p>"

    pdf = await printer.print(PAGE.format(body), IDENTIFIER)

    assert fonts_of(pdf, tmp_path) == ["Ky-hieu", "Van-ban", "Van-ban-Bold", "Van-ban-Bold-Italic", "Van-ban-Italic"]


def test_the_fonts_are_those_we_took():
    listed = (ASSETS / "fonts" / "SHA256SUMS").read_text().splitlines()

    found = [
        f"{hashlib.sha256(font.read_bytes()).hexdigest()}  {font.name}"
        for font in sorted((ASSETS / "fonts").glob("*.ttf"))
    ]

    assert found == listed
    assert "SIL OPEN FONT LICENSE" in (ASSETS / "fonts" / "LICENSE.txt").read_text()
    assert "Bitstream Vera" in (ASSETS / "fonts" / "LICENSE-DejaVu.txt").read_text()


@in_one_loop
async def test_the_same_document_gives_the_same_bytes_in_another_process():
    html = PAGE.format("<p>Một trang</p>" * 60)

    prints = []
    for _ in range(2):
        async with Printer(ASSETS) as printer:
            prints += [await printer.print(html, IDENTIFIER), await printer.print(html, IDENTIFIER)]

    assert len(set(prints)) == 1


@in_one_loop
async def test_the_file_is_tagged_in_vietnamese_and_says_what_it_is(printer):
    pdf = await printer.print(PAGE.format("<h1>Quyết định</h1>"), IDENTIFIER)

    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert document.Root.MarkInfo.Marked
        assert document.Root.Lang == "vi"
        with document.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "3"


# What a document must never bring along ---------------------------------------------------------------


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret.txt"
    file.write_text("TOP-SECRET-OF-THE-MACHINE")
    return file


@pytest.fixture
def canary():
    """A server that notes every visit."""
    visits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            visits.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", visits
    server.shutdown()
    thread.join()
    server.server_close()


def test_without_our_fetcher_a_local_file_would_be_embedded(secret):
    pdf = HTML(string=f'<link rel=attachment href="file://{secret}"><p>x</p>').write_pdf()

    with pikepdf.open(io.BytesIO(pdf)) as document:
        (attached,) = document.attachments.values()
        assert attached.get_file().read_bytes() == secret.read_bytes()


@pytest.mark.parametrize(
    "attack",
    [
        '<link rel="attachment" href="file://{secret}">',
        '<a rel="attachment" href="file://{secret}">x</a>',
        '<img src="file://{secret}">',
        '<link rel="stylesheet" href="file://{secret}">',
        '<style>@import url("file://{secret}");</style>',
        '<style>@font-face {{ font-family: x; src: url("file://{secret}") }} p {{ font-family: x }}</style><p>x</p>',
        '<object data="file://{secret}"></object>',
        '<img src="{server}/image.png">',
        '<link rel="stylesheet" href="{server}/style.css">',
        '<style>p {{ background: url("{server}/back.png") }}</style><p>x</p>',
        '<base href="{server}/"><img src="relative.png">',
        '<img src="asset:/../../../etc/passwd">',
        '<img src="asset:/decision.html">',
        '<img src="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E">',
    ],
)
@in_one_loop
async def test_a_document_that_names_anything_but_our_assets_is_not_printed(printer, secret, canary, attack):
    server, visits = canary

    with pytest.raises(PrintingFailed) as failed:
        await printer.print(PAGE.format(attack.format(secret=secret, server=server)), IDENTIFIER)

    assert failed.value.code == "printing-failed"
    assert visits == []
    assert await printer.print(PAGE.format("<p>next</p>"), IDENTIFIER)  # the process goes on


@in_one_loop
@pytest.mark.parametrize("link", ["href", "xlink:href"])
async def test_a_drawing_in_the_page_fetches_nothing(printer, canary, link):
    server, visits = canary
    drawing = f'<svg width="9" height="9"><image {link}="{server}/drawing.png" width="9" height="9"/></svg>'

    with suppress(PrintingFailed):
        await printer.print(PAGE.format(drawing), IDENTIFIER)

    assert visits == []


def test_the_process_refuses_network_and_programs_whoever_asks():
    for event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec"):
        with pytest.raises(BaseException, match=event):
            stay_inside(event, ())


@in_one_loop
async def test_what_people_wrote_is_text(printer):
    """Autoescape is the template's; here it is shown that escaped markup stays what it says."""
    pdf = await printer.print(PAGE.format("<p>&lt;img src=&quot;file:///etc/passwd&quot;&gt;</p>"), IDENTIFIER)

    assert '<img src="file:///etc/passwd">' in text_of(pdf)


# Trouble ----------------------------------------------------------------------------------------------


@in_one_loop
async def test_a_document_that_takes_too_long_is_given_up_and_the_next_is_printed():
    async with Printer(ASSETS, patience=2) as printer:
        with pytest.raises(PrintingFailed) as failed:
            await printer.print(PAGE.format("<p>Một đoạn rất dài.</p>" * 60_000), IDENTIFIER)

        assert failed.value.code == "printing-timeout"
        printer._patience = PATIENCE  # a machine at work may need longer to begin anew
        assert await printer.print(PAGE.format("<p>next</p>"), IDENTIFIER)


@in_one_loop
async def test_a_killed_process_fails_its_document_and_is_replaced(printer):
    (press,) = printer._presses
    process, _, _ = press._running
    process.kill()
    await process.wait()

    assert await printer.print(PAGE.format("<p>next</p>"), IDENTIFIER)

    process, _, _ = press._running
    printing = asyncio.create_task(printer.print(PAGE.format("<p>x</p>" * 20_000), IDENTIFIER))
    await asyncio.sleep(0.2)
    process.kill()
    with pytest.raises(PrintingFailed):
        await printing
    assert await printer.print(PAGE.format("<p>next</p>"), IDENTIFIER)


@in_one_loop
async def test_who_goes_away_leaves_no_answer_for_the_next(printer):
    printing = asyncio.create_task(printer.print(PAGE.format("<p>mine</p>" * 5_000), IDENTIFIER))
    await asyncio.sleep(0.1)
    printing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await printing

    assert "yours" in text_of(await printer.print(PAGE.format("<p>yours</p>"), IDENTIFIER))


@in_one_loop
async def test_the_process_gets_no_secret(printer, monkeypatch):
    monkeypatch.setenv("MINHCHUAN_SECRET", "not-for-printers")
    async with Printer(ASSETS) as fresh:
        running = fresh._presses[0]._running
        assert running is not None
        environment = Path(f"/proc/{running[0].pid}/environ").read_bytes()

    assert b"not-for-printers" not in environment
    assert b"DATABASE" not in environment


@in_one_loop
async def test_a_machine_without_the_libraries_is_told_what_to_install(tmp_path, monkeypatch):
    """A library of the same name that has nothing in it stands before the machine's own."""
    (tmp_path / "weasyprint").mkdir()
    (tmp_path / "weasyprint" / "__init__.py").write_text('raise OSError("cannot load library libpango-1.0-0\\nlong")')
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(PrintingFailed, match="apt-get install libpango") as failed:
        await Printer(ASSETS).__aenter__()

    assert "long" not in str(failed.value)
