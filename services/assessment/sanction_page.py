"""The forms on sanctions of officials, on the dossier's page."""

from uuid import UUID

from domain.errors import NotFound
from domain.measure import Answer
from domain.sanction import Form, Post, Sanction
from services.assessment import sanction as sanctioning
from services.assessment.dossier_page import show
from services.web import urls
from services.web.form_fields import FieldMissing, Typed
from services.web.handlers import act
from services.web.visit import PageResponse, Visit

HERE = urls.DOSSIER + "/xu-ly-can-bo"


@act(HERE, again=show)
async def declare(visit: Visit, season: str, commune: str) -> PageResponse:
    """Record that an official was disciplined or prosecuted."""
    result = await sanctioning.declare_sanction(visit.work(), season, commune, read_sanction(visit.typed))
    return await visit.done(result, to=visit.url.dossier(season, commune) + "#xu-ly")


@act(HERE + "/xac-nhan", again=show)
async def confirm(visit: Visit, season: str, commune: str) -> PageResponse:
    """Record the document of the body that confirms it."""
    typed = visit.typed
    result = await sanctioning.confirm_sanction(
        visit.work(),
        season,
        commune,
        _known(typed.text("sanction")),
        typed.needed("body"),
        typed.needed("document_no"),
        typed.needed_day("document_on"),
    )
    return await visit.done(result, to=visit.url.dossier(season, commune) + "#xu-ly")


@act(HERE + "/bo", again=show)
async def set_aside(visit: Visit, season: str, commune: str) -> PageResponse:
    """Take a sanction off the sheet."""
    typed = visit.typed
    result = await sanctioning.set_sanction_aside(
        visit.work(), season, commune, _known(typed.text("sanction")), typed.needed("reason"), typed.needed("basis")
    )
    return await visit.done(result, to=visit.url.dossier(season, commune) + "#xu-ly")


def read_sanction(typed: Typed) -> Sanction:
    """The sanction as typed; FieldMissing names the first field that is empty."""
    if typed.text("post") not in set(Post):
        raise FieldMissing(field="post")
    if typed.text("discipline") not in set(Form):
        raise FieldMissing(field="discipline")
    if typed.text("on_duty") not in set(Answer):
        raise FieldMissing(field="on_duty")
    return Sanction(
        title=typed.needed("title"),
        post=Post(typed.text("post")),
        form=Form(typed.text("discipline")),
        on_duty=Answer(typed.text("on_duty")),
        decision_no=typed.needed("decision_no"),
        decided_on=typed.needed_day("decided_on"),
        act_on=typed.needed_day("act_on"),
        unit=typed.needed("unit"),
        until=typed.day("until"),
    )


def _known(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(sanction=text) from None


ROUTES = [declare, confirm, set_aside]
