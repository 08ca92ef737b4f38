"""PDFs under passwords, as programs of each time made them."""

import io

import pikepdf


def encrypted(password: str, revision: int) -> bytes:
    """A PDF that opens with this password ("" for none), and may be changed with another only."""
    out = io.BytesIO()
    modern = revision > 3
    how = pikepdf.Encryption(user=password, owner="chu", R=revision, aes=modern, metadata=modern)  # type: ignore[arg-type]
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out, encryption=how)
    return out.getvalue()
