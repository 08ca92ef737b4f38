"""A dossier that an earlier version handed out holds for ever, and what was typed into it rules no terminal.

`former/dossier.pdf` was made by the version of 27/11/2026. Its chairman's reason has signs that no font of that day
drew, and orders to a terminal. `former/2026-11-29/dossier.pdf` was made by the version of 29/11/2026. An explanation in
it has words of more signs than are left unbroken today, of letters and of signs that were joined.
`former/2026-11-30/dossier.pdf` is the package that stood for its form until the words of the field came into all texts.
Whoever changes what is printed keeps the former form under `services/documents/former`.
"""

from pathlib import Path

import pytest

from infra.ledger.note import KeyKind, SignerKey
from infra.pdf.printer import Printer, PrintingFailed
from infra.reference.rulebooks import load_calendar, load_rulebooks
from services import cli
from services.proof_package.package_files import Files
from services.proof_package.pages import ASSETS, Prints, printer
from services.proof_package.pages import FORMER as FORMS_BEFORE
from services.proof_package.verify import Law, verify
from services.seals.trusted_policy import read_trust
from services.seals.verify_answer import ExitCode

FORMER = Path(__file__).parent / "former"


async def verified(path: Path, policy: Path = FORMER / "policy") -> tuple[ExitCode, str]:
    async with Printer(ASSETS) as prints:
        found = await verify(path, read_trust(policy), Law(load_rulebooks(), load_calendar()), prints=prints)
    return found.answer, found.reason


@pytest.mark.parametrize(
    ("folder", "answer"),
    [
        (FORMER, ExitCode.UNWITNESSED),
        (FORMER / "2026-11-29", ExitCode.UNWITNESSED),
        (FORMER / "2026-11-30", ExitCode.VALID),
    ],
    ids=["2026-11-27", "2026-11-29", "2026-11-30"],
)
async def test_a_dossier_of_an_earlier_version_holds(folder: Path, answer: ExitCode):
    assert await verified(folder / "dossier.pdf", folder / "policy") == (answer, "")


class Impatient:
    """Prints no page of today's form in time."""

    def __init__(self, prints: Prints) -> None:
        self._prints = prints

    async def print(self, html: str, identifier: bytes, attached: Files | None = None) -> bytes:
        if "asset:/former/" not in html:
            raise PrintingFailed("printing-timeout", "more than 60 s")
        return await self._prints.print(html, identifier, attached)


async def test_a_form_that_cannot_be_printed_in_time_keeps_no_earlier_one_from_being_tried():
    async with Printer(ASSETS) as prints:
        law, policy = Law(load_rulebooks(), load_calendar()), read_trust(FORMER / "policy")
        found = await verify(FORMER / "dossier.pdf", policy, law, prints=Impatient(prints))

    assert (found.answer, found.reason) == (ExitCode.UNWITNESSED, "")


def test_each_former_form_has_a_dossier_that_was_handed_out_in_it():
    """That of the first lies beside those of the others."""
    (*later, _) = (Path(former.folder).name for former in FORMS_BEFORE)

    assert [(FORMER / day / "dossier.pdf").is_file() for day in later] == [True] * len(later)


async def test_what_was_changed_in_it_does_not_hold_and_it_is_said_by_what_it_was_made(tmp_path):
    content = (FORMER / "dossier.pdf").read_bytes()
    (tmp_path / "changed.pdf").write_bytes(content.replace(b"%PDF-1.7", b"%PDF-1.6", 1))

    answer, reason = await verified(tmp_path / "changed.pdf")

    assert answer is ExitCode.INVALID
    assert "its facts hold, and its pages are not those that this program makes" in reason
    assert "weasyprint 70.0, pages 3e0d35645fbaec04" in reason
    assert printer() in reason


async def test_another_log_s_policy_does_not_trust_it(tmp_path):
    (tmp_path / "policy").write_text(f"log {SignerKey.new('minhchuan.example/t/1', KeyKind.NOTE).verifier}\nquorum 0\n")

    assert (await verified(FORMER / "dossier.pdf", tmp_path / "policy"))[0] is ExitCode.INVALID


def test_no_order_to_the_terminal_and_no_line_of_its_own_comes_out_of_a_reason(capsys: pytest.CaptureFixture[str]):
    """The attack: the cursor goes up, wipes the verdict and writes another; then a line of ours is forged."""
    assert cli.main(["verify-dossier", str(FORMER / "dossier.pdf"), "--policy", str(FORMER / "policy")]) == 3

    said = capsys.readouterr().out
    assert "\x1b" not in said
    (reason,) = [line for line in said.splitlines() if "forged line" in line]
    assert "[U+001B][8A[U+001B][2KHỢP LỆ / VALID (forged line)[U+001B][8B[U+000A]  Đồng ký 9/9, cần 9" in reason
    assert [line for line in said.splitlines() if line.strip().startswith("Đồng ký 9/9")] == []
    assert said.startswith("HỢP LỆ - CHƯA ĐỒNG KÝ / VALID-UNWITNESSED\n")
