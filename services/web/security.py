"""Security of pages: headers of every answer, proofs of every change, the session cookie."""

import base64
import hmac
import secrets
from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from domain.errors import Refused
from infra.identity.sessions import Session

#: A browser that sends none of these headers with a form is too old to be protected by them.
ORIGIN, SITE = "origin", "sec-fetch-site"

PORTS = {"http": 80, "https": 443}

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class ForeignRequest(Refused):
    """A change was asked for by another site's page, or without the token of the person's own pages.

    With the reason "another-person" the page was made for somebody else, and `who` is signed in at this browser now.
    """

    code: ClassVar[str] = "foreign-request"


def content_policy(form_targets: Iterable[str] = ()) -> str:
    """The content security policy: nothing inline, nothing foreign.

    `form_targets` are the origins to which a form of the page may be redirected: the demonstration provider's lead
    back to our pages. Ours lead nowhere else (`Visit.leave_for`).
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            " ".join(("form-action 'self'", *form_targets)),
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def require_own_origin(connection: "ASGIConnection[Any, Any, Any, Any]", public_url: str) -> None:
    """Refuse a change that a page of another site sent. Browsers always name the origin of a foreign form."""
    origin = connection.headers.get(ORIGIN)
    if origin is not None:
        scheme = urlsplit(public_url).scheme
        own = {origin_of(public_url), origin_of(f"{scheme}://{connection.headers.get('host', '')}")}
        if not (asked := origin_of(origin)) or asked not in own:
            raise ForeignRequest(origin=origin)
    elif connection.headers.get(SITE, "same-origin") not in {"same-origin", "none"}:
        raise ForeignRequest(origin=connection.headers[SITE])


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, "" for what is none; as browsers do, without the scheme's own port.

    People reach us by the scheme of the public address, also where a proxy ends TLS before us.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = parts.hostname
    if not parts.scheme or not host:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in {None, PORTS.get(parts.scheme)} else "")


def masked(csrf: str) -> str:
    """The session's token as it stands in a form: another text each time, so that compression betrays nothing."""
    secret = csrf.encode()
    mask = secrets.token_bytes(len(secret))
    return base64.urlsafe_b64encode(mask + bytes(a ^ b for a, b in zip(mask, secret, strict=True))).decode()


def unmasked(given: str) -> str:
    """The token that stands in a form, "" for what is none."""
    try:
        raw = base64.urlsafe_b64decode(given.encode())
    except ValueError:
        return ""
    mask, hidden = raw[: len(raw) // 2], raw[len(raw) // 2 :]
    if len(mask) != len(hidden):
        return ""
    return bytes(a ^ b for a, b in zip(mask, hidden, strict=True)).decode(errors="replace")


def is_token_of(session: Session, given: str) -> bool:
    """Whether a form holds the token of the person's own session."""
    return hmac.compare_digest(unmasked(given).encode(), session.csrf.encode())


class Cookies:
    """The names and flags of our cookies: `__Host-` and Secure wherever people use https."""

    def __init__(self, public_url: str) -> None:
        self._secure = public_url.startswith("https:")
        prefix = "__Host-" if self._secure else ""
        self.session = prefix + "session"
        self.attempt = prefix + "sign-in"
        self.language = "language"
        self.province = "province"

    def set(self, key: str, value: str, max_age: int | None = None) -> Cookie:
        """A cookie that only we read, not sent along from other sites' forms."""
        return Cookie(
            key=key, value=value, path="/", secure=self._secure, httponly=True, samesite="lax", max_age=max_age
        )

    def drop(self, key: str) -> Cookie:
        """The same cookie, ended."""
        return self.set(key, "", 0)
