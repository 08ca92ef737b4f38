"""The pages of all areas: each module `services/**/*_page.py` lists its handlers in `ROUTES`."""

import importlib
from pathlib import Path

from litestar.handlers import HTTPRouteHandler

SERVICES = Path(__file__).parents[1]


def all_routes() -> list[HTTPRouteHandler]:
    """The handlers of every page module."""
    files = sorted(SERVICES.rglob("*_page.py"))
    names = [".".join(file.relative_to(SERVICES.parent).with_suffix("").parts) for file in files]
    return [handler for name in names for handler in importlib.import_module(name).ROUTES]
