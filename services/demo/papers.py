"""Evidence for the demonstration: small real PDFs that say what they are, each with bytes of its own."""

from __future__ import annotations

from weasyprint import HTML

_KEYWORDS = "minh-hoa-" + "0" * 40

_PAGE = """<html lang="vi"><head><title>Minh chứng minh họa</title><meta name="keywords" content="{keywords}">
<style>@page {{ size: A5; margin: 20mm }} body {{ font: 12pt serif; line-height: 1.5 }} h1 {{ font-size: 15pt }}</style>
</head><body><h1>Minh chứng minh họa</h1><p>{province}, năm {year}.</p><p>{text}</p></body></html>"""

PLAIN = (
    "Tệp này do phần trình diễn tạo ra để xem cách làm việc với minh chứng. "
    "Nội dung không phải tài liệu của cơ quan nào."
)
SIGNED = (
    "Bản quét minh họa của văn bản đã ký, đóng dấu. Tệp do phần trình diễn tạo ra thay cho bản giấy; "
    "không phải văn bản của cơ quan nào."
)
FALSE = (
    "Danh sách ghi 22/22 tuyên truyền viên pháp luật đã được tập huấn. Sổ đăng ký lớp học mà danh sách này dẫn chiếu "
    "chỉ có 13 người ký tên. Tệp do phần trình diễn tạo ra; đơn vị và sự việc đều không có thật."
)


class Papers:
    """The papers of one province and year. A paper is typeset once; copies differ in their keywords."""

    def __init__(self, province: str, year: int) -> None:
        self._province = province
        self._year = year
        self._set: dict[str, bytes] = {}

    def paper(self, commune: str, indicator: str, text: str = PLAIN) -> bytes:
        """The paper of one indicator of one commune, always the same bytes."""
        if text not in self._set:
            page = _PAGE.format(keywords=_KEYWORDS, province=self._province, year=self._year, text=text)
            self._set[text] = HTML(string=page).write_pdf(uncompressed_pdf=True, pdf_identifier=b"minhchuan")
        own = f"minh-hoa-{commune}-{indicator}".ljust(len(_KEYWORDS), "-")
        return self._set[text].replace(_KEYWORDS.encode(), own.encode())
