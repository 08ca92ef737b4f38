"""The state that all requests to one web process share: the connected parts, templates, words, and small caches."""

import time
from collections.abc import Mapping

from infra.encryption.cipher import Encryption
from infra.identity.sign_in_attempts import Attempts
from infra.identity.tenants import REGISTERED, Tenant
from services.app import App
from services.i18n import Words
from services.web.address_rate import Pace, Seldom
from services.web.bodies import Bodies
from services.web.heavy_limit import Turns
from services.web.page_cache import PageCache
from services.web.render import Renderer
from services.web.row_cache import KeptValue
from services.web.security import Cookies

#: For how many seconds a process may not notice that the registry changed.
REMEMBERED = 5.0


class Site:
    """The pages of one web process, over one app."""

    def __init__(self, app: App, renderer: Renderer, words: Mapping[str, Words]) -> None:
        self.app = app
        self.renderer = renderer
        self.words = words
        #: The address that people type, without a final slash; its scheme decides about secure cookies.
        self.public_url = app.settings.public_url
        self.cookies = Cookies(self.public_url)
        self.attempts = Attempts(Encryption(app.settings.secret, "sign-ins"), self.cookies.attempt)
        self.kept = KeptValue()
        self.shared = PageCache()
        self.turns = Turns()
        self.bodies = Bodies()
        self.pace = Pace()
        self.seldom = Seldom()
        self._provinces: dict[str, tuple[Tenant, float]] = {}

    async def province(self, slug: str) -> Tenant | None:
        """The province at this address; remembered for a few seconds."""
        held = self._provinces.get(slug)
        if held is not None and held[1] > time.monotonic():
            return held[0]
        tenant = await self.app.tenants.by_slug(slug)
        if tenant is None or tenant.state == REGISTERED:
            return None
        self._provinces[slug] = (tenant, time.monotonic() + REMEMBERED)
        return tenant
