"""The web application without the check of addresses, and with one that crashes on U+0000: what a fuzz has to find."""

from litestar.types import ASGIApp

from infra.platform.config import read_settings
from services.processes.logging_setup import structured_logs
from services.processes.serve import behind, opened
from services.web import admission
from services.web.app import web_application
from services.web.handlers import page
from services.web.visit import PageResponse, Visit

PATH = "/canary"


@page(PATH, public=True, past=False)
async def canary(visit: Visit) -> PageResponse:
    """Crashes when any parameter holds U+0000."""
    if any("\0" in str(value) for _, value in visit.request.query_params.multi_items()):
        raise ZeroDivisionError
    return visit.see("/")


def application() -> ASGIApp:
    """For granian."""
    structured_logs()
    admission.require_readable_address = lambda connection: None
    pages = web_application(opened)
    pages.register(canary)
    return behind(read_settings().proxies, pages)
