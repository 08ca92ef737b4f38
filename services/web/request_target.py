"""The target of a request: the address and its parameters, and how the browser asks for it."""

from typing import Any
from urllib.parse import quote

from litestar.connection import ASGIConnection

#: How a page is looked at: HEAD is answered as GET, without the body.
LOOKING = ("GET", "HEAD")

#: No position and no version has so many digits.
DIGITS = 16


class RequestTarget:
    """A request as it came; nothing of it is believed yet."""

    def __init__(self, request: "ASGIConnection[Any, Any, Any, Any]") -> None:
        self.request = request

    @property
    def method(self) -> str:
        """The method in capitals, such as GET."""
        return str(self.request.scope.get("method"))

    @property
    def path(self) -> str:
        """The path of this page. Not taken from a whole address, for which the Host header would have to be one."""
        return str(self.request.scope["path"])

    @property
    def address(self) -> str:
        """Path and query of this page, as they stand in a link that comes back to it."""
        query = self.request.scope["query_string"].decode("latin-1")
        return quote(self.path) + (f"?{query}" if query else "")

    def query(self, name: str) -> str:
        """A parameter of the address, "" when absent."""
        return str(self.request.query_params.get(name, "")).strip()

    def queries(self, name: str) -> list[str]:
        """All values of a parameter that may come several times, without empty ones."""
        return [text for value in self.request.query_params.getall(name, []) if (text := str(value).strip())]

    @property
    def is_looking(self) -> bool:
        """Whether a page is looked at: its address shows it again. What answers a form has no such address."""
        return self.method in LOOKING

    @property
    def is_partial(self) -> bool:
        """Whether htmx asks for a fragment, not for a page."""
        headers = self.request.headers
        return (
            headers.get("hx-request") == "true"
            and headers.get("hx-boosted") != "true"
            and headers.get("hx-history-restore-request") != "true"
        )

    @property
    def accepts_gzip(self) -> bool:
        """Whether the browser takes a packed answer."""
        return "gzip" in self.request.headers.get("accept-encoding", "")

    @property
    def browser(self) -> str:
        """What the browser says of itself, which it repeats when it sends a form again, perhaps from another address:
        it stands for who sends a form where nobody signs in.
        """
        headers = self.request.headers
        return "\n".join(headers.get(name, "") for name in ("user-agent", "accept-language"))
