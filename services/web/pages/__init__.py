"""The pages. Every module here lists its handlers in `ROUTES` and is found by itself."""

import importlib
import pkgutil

from litestar.handlers import HTTPRouteHandler


def all_routes() -> list[HTTPRouteHandler]:
    """The handlers of every page module."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return [handler for module in modules for handler in module.ROUTES]
