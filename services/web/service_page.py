"""Pages of no province: static files, health, the choice of language."""

from http import HTTPStatus
from urllib.parse import urlsplit

from litestar import Request, Response
from litestar.datastructures import State
from litestar.params import FromPath

from services import i18n
from services.web import urls
from services.web.handlers import act, looking_at, page
from services.web.visit import PageResponse, Visit

KEEP = "public, max-age=31536000, immutable"
YEAR = 365 * 24 * 3600


@looking_at(urls.STATIC + "/{name:path}", public=True, unpaced=True)
async def static(name: FromPath[str], request: Request[object, object, State]) -> Response[bytes]:
    """A file under its fingerprinted name: whoever has it need never ask again."""
    asset = request.app.state.assets.find(name.removeprefix("/"))
    if asset is None:
        return Response(b"", status_code=HTTPStatus.NOT_FOUND, media_type="text/plain")
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": KEEP, "Vary": "Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(asset.gzipped if packed else asset.plain, media_type=asset.media_type, headers=headers)


@looking_at(urls.HEALTH, public=True, unpaced=True)
async def healthz() -> Response[str]:
    """The process answers."""
    return Response("ok", media_type="text/plain", headers={"Cache-Control": "no-store"})


@page(urls.READY, public=True, past=False)
async def readyz(visit: Visit) -> PageResponse:
    """The process can work: database and Redis answer."""
    missing = await visit.app.missing()
    return Response(
        f"not ready: {', '.join(missing)}" if missing else "ready",
        status_code=HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK,
        media_type="text/plain",
        headers={"Cache-Control": "no-store"},
    )


@act(urls.LANGUAGE, public=True)
async def speak(visit: Visit) -> PageResponse:
    """Another language from now on, in this browser; back to the page."""
    locale = visit.typed.text("to")
    if locale in i18n.LOCALES:
        visit.cookies.append(visit.site.cookies.set(visit.site.cookies.language, locale, YEAR))
    try:
        back = urlsplit(visit.typed.text("back"))
    except ValueError:
        return visit.see("/")
    path = "/" + back.path.lstrip("/\\")
    return visit.see(path + (f"?{back.query}" if back.query else ""))


ROUTES = [static, healthz, readyz, speak]
