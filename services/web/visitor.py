"""The visitor: session, province, the person with their mandates, their language."""

import functools
import secrets
from collections.abc import Hashable
from typing import Any, ClassVar
from urllib.parse import quote, unquote, urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from redis.exceptions import RedisError

from domain.errors import NotFound, Refused
from domain.permissions import Actor
from infra.identity.sessions import Session
from infra.identity.tenants import Tenant
from services import i18n
from services.app import App
from services.i18n import Words
from services.web import security
from services.web.client_address import network_of
from services.web.request_target import RequestTarget
from services.web.site import Site
from services.web.urls import own_path, page_of


class SignInNeeded(Refused):
    """Nobody is signed in here, or the session has ended."""

    code: ClassVar[str] = "sign-in-needed"


class NotEnrolled(Refused):
    """The person signed in, but nobody enrolled them in this province or gave them a mandate in force today."""

    code: ClassVar[str] = "not-enrolled"


class Visitor(RequestTarget):
    """Who sent a request. The admission fills in what is known; `tenant`, `session` and `actor` refuse what is not."""

    def __init__(self, site: Site, request: "ASGIConnection[Any, Any, Any, Any]") -> None:
        super().__init__(request)
        self.site = site
        self.province: Tenant | None = None
        self.signed_in: Session | None = None
        self.person: Actor | None = None
        #: Why the session could not be looked up: nobody knows whether somebody is signed in.
        self.sessions_away: RedisError | None = None
        #: What the answer makes the browser remember.
        self.cookies: list[Cookie] = []
        #: What a refusal is known by on the page and in the log of the server.
        self.reference = secrets.token_hex(4).upper()
        self._had_its_turn = False

    async def in_turn(self) -> None:
        """Of somebody without a session: wait until this address has its turn. Raises TooFast."""
        if not self._had_its_turn:
            self._had_its_turn = True
            await self.site.pace.turn(self.network)

    @property
    def app(self) -> App:
        """The connected parts: read models, the log, files, rulebooks."""
        return self.site.app

    @property
    def tenant(self) -> Tenant:
        """The province of the address. Raises NotFound where it names none."""
        if self.province is None:
            raise NotFound
        return self.province

    @property
    def session(self) -> Session:
        """The session in this province. Raises SignInNeeded."""
        if self.signed_in is None:
            raise SignInNeeded
        return self.signed_in

    @property
    def session_id(self) -> str:
        """The session that the browser shows, "" for none: it may have ended, or be one of another province."""
        return self.request.cookies.get(self.site.cookies.session, "")

    @property
    def actor(self) -> Actor:
        """The person with the mandates of today. Raises SignInNeeded."""
        if self.person is None:
            raise SignInNeeded
        return self.person

    @property
    def is_at_work(self) -> bool:
        """Whether somebody with a mandate in this province is signed in."""
        return self.person is not None and bool(self.person.mandates)

    @property
    def way_back(self) -> str:
        """The page of the form that was sent here, or that an address is the act of; "" where there is none, or this is
        it. Which indicator was open there, the browser says.
        """
        if self.province is None:
            return ""
        page = own_path(page_of(self.path), self.province.slug)
        if not page or (page == self.path and self.is_looking):
            return ""
        came_from = urlsplit(self.request.headers.get("referer", ""))
        query = came_from.query if unquote(came_from.path) == page else ""
        return own_path(quote(page) + (f"?{query}" if query else ""), self.province.slug)

    @property
    def is_anonymous(self) -> bool:
        """Whether the browser holds no session, not even one that has ended."""
        return not self.session_id

    @property
    def network(self) -> str:
        """The address that stands for who sent this request; "" where it may stand for everybody, and nobody is to wait
        for what others did: behind a proxy that the configuration does not name.
        """
        if not self.app.settings.knows_senders:
            return ""
        return network_of(self.request.client.host if self.request.client else "")

    @property
    def shown_alike(self) -> Hashable:
        """What the page of somebody without a session depends on, beside what is recorded."""
        return self.tenant, self.address, self.locale, self.is_partial, self.accepts_gzip

    @property
    def locale(self) -> str:
        """The language chosen in this browser, else that of the province."""
        chosen = self.request.cookies.get(self.site.cookies.language, "")
        if chosen in i18n.LOCALES:
            return chosen
        return self.province.locale if self.province and self.province.locale in i18n.LOCALES else "vi"

    @property
    def words(self) -> Words:
        """Sentences in that language."""
        return self.site.words[self.locale]

    @functools.cached_property
    def csrf(self) -> str:
        """The token for the forms of this answer, "" where nobody is signed in."""
        return security.masked(self.signed_in.csrf) if self.signed_in else ""


def belongs(session: Session, tenant: Tenant) -> bool:
    """A session is good in its own province and nowhere else."""
    return session.tenant == tenant.id
