"""Signing in at the province's own provider, and out again; one's own sessions."""

import time

import msgspec
import structlog

from domain.errors import ProvinceSuspended
from infra.identity.provider_documents import SignInRefused
from infra.identity.sessions import KeptForm
from infra.identity.sign_in_attempts import ATTEMPT, Attempt
from infra.identity.tenants import IdentityProvider
from services.web import security, urls
from services.web.handlers import act, page
from services.web.log_lines import log_refusal
from services.web.public_limits import may_keep
from services.web.security import ForeignRequest
from services.web.sent_form import FILES, in_words, place_in_words
from services.web.urls import own_path
from services.web.visit import PageResponse, Visit

log = structlog.get_logger("web")

YEAR = 365 * 24 * 3600
#: Fields that belong to one rendering of a form, not to what was typed.
OURS = {"csrf", "command"}


@page(urls.SIGN_IN, public=True, past=False)
async def show(visit: Visit) -> PageResponse:
    """The province's sign-in; whoever is in already goes on."""
    then = own_path(visit.query("tiep"), visit.tenant.slug)
    if visit.person is not None and visit.person.mandates and visit.refusal is None:
        return visit.see(then or visit.url.work())
    provider = await visit.app.tenants.identity_provider(visit.tenant)
    return await visit.page("signin/index.html", then=then, provider=provider)


@act(urls.SIGN_IN, again=show, public=True)
async def begin(visit: Visit) -> PageResponse:
    """Off to the provider. A form that was sent without a session is kept meanwhile, to be sent again afterwards."""
    provider = await provider_of(visit)
    if visit.sessions_away is not None:
        raise visit.sessions_away
    await visit.app.sessions.check()  # before anybody types a password in vain
    kept = kept_form(visit)
    if kept is not None and not await may_keep(visit):
        return await visit.page(
            "signin/ended.html",
            status=429,
            path=kept.path,
            fields=kept.fields,
            lines=in_words(kept.fields, visit.words),
            keeps=False,
            cut=False,
        )
    beginning = await visit.app.identity.begin(
        visit.tenant,
        provider,
        redirect_uri=return_address(visit),
        then=own_path(visit.typed.text("tiep"), visit.tenant.slug),
        kept=await visit.app.sessions.keep(kept) if kept else "",
    )
    cookies, attempts = visit.site.cookies, visit.site.attempts
    name, value = attempts.kept(beginning.state, beginning.attempt)
    visit.cookies += [cookies.drop(old) for old in attempts.too_many(visit.request.cookies)]
    visit.cookies.append(cookies.set(name, value, int(ATTEMPT.total_seconds())))
    return await visit.leave_for(beginning.url)


@page(urls.SIGN_IN_RETURN, public=True, past=False, methods=["GET"])
async def finish(visit: Visit) -> PageResponse:
    """Back from the provider: check everything, then a new session under a new id.

    Whoever is at work here already, and comes by an answer that opens no session, goes on with their work; the page
    says who that still is, for they may have chosen another person at the provider.
    """
    state = visit.query("state")
    attempt = visit.site.attempts.find(state, visit.request.cookies, time.time())
    try:
        return await _finish(visit, state, attempt)
    except SignInRefused as refused:
        if not visit.is_at_work and refused.details["reason"] != "spent":
            raise
        log_refusal(visit, refused)
        then = (attempt.then if attempt else "") or visit.url.work()
        return visit.see(urls.still_signed_in(then) if visit.is_at_work else then)


async def _finish(visit: Visit, state: str, attempt: Attempt | None) -> PageResponse:
    cookies = visit.site.cookies
    sessions = visit.app.sessions
    if attempt is None:
        raise SignInRefused(reason="no-attempt")
    answer = {name: visit.query(name) for name in ("code", "iss", "state", "error", "error_description")}
    if not await sessions.spend(state):  # before the provider is asked: it takes a code once
        raise SignInRefused(reason="spent")
    try:
        who = await visit.app.identity.finish(
            visit.tenant, await provider_of(visit), attempt, answer, redirect_uri=return_address(visit)
        )
    except BaseException:
        await sessions.give_back(state)
        raise
    session_id, session = await sessions.open(
        tenant=visit.tenant.id,
        issuer=who.issuer,
        subject=who.subject,
        id_token=who.id_token,
        client=visit.request.headers.get("user-agent", ""),
        replacing=visit.request.cookies.get(cookies.session, ""),
    )
    await sessions.settle(state)
    log.info("signed in", tenant=visit.tenant.id, session=session.handle)
    visit.cookies += [
        cookies.set(cookies.session, session_id),
        cookies.drop(visit.site.attempts.name(state)),
        cookies.set(cookies.province, visit.tenant.slug, YEAR),
    ]
    if attempt.kept and await sessions.claim(attempt.kept, session):
        return visit.see(visit.url.sign_in_again(attempt.kept))
    return visit.see(attempt.then or visit.url.work())


@page(urls.SIGN_IN_AGAIN, past=False)
async def send_again(visit: Visit) -> PageResponse:
    """What was typed before the session ended, to be looked at and sent."""
    kept = await visit.app.sessions.kept(visit.query("giu"), visit.session)
    if kept is None:
        return visit.see(visit.url.work())
    files = {name: value for name, value in kept.fields if name in FILES and value}
    fields = [(name, value) for name, value in kept.fields if name not in FILES]
    lines = in_words(fields, visit.words)
    place = await place_in_words(visit, kept.path)
    return await visit.page(
        "signin/again.html",
        kept=kept,
        fields=fields,
        files=files,
        accepts=FILES,
        name=visit.query("giu"),
        lines=lines,
        place=place,
        is_own=visit.app.sessions.is_of(kept.token, visit.session),
    )


@act(urls.SIGN_IN_AGAIN, again=send_again)
async def throw_away(visit: Visit) -> PageResponse:
    """What was typed before signing in is not sent: forget it."""
    await visit.app.sessions.forget(visit.typed.text("giu"), visit.session)
    return visit.see(visit.url.work())


@page(urls.SIGN_OUT, public=True, past=False)
async def signed_out(visit: Visit) -> PageResponse:
    """Signed out, here and at the provider; who is signed in is led to where they sign out."""
    if visit.signed_in is not None:
        return visit.see(visit.url.more())
    return await visit.page("signin/out.html")


@act(urls.SIGN_OUT, public=True)
async def sign_out(visit: Visit) -> PageResponse:
    """End the session here, then at the provider, then come back. The session of another province is not ended here."""
    cookies, sessions = visit.site.cookies, visit.app.sessions
    session, session_id = visit.signed_in, visit.request.cookies.get(cookies.session, "")
    if visit.sessions_away is not None:
        raise visit.sessions_away
    if session is None and session_id and await sessions.find(session_id) is not None:
        raise ForeignRequest(origin="")
    visit.cookies.append(cookies.drop(cookies.session))
    if session is None:
        return visit.see(visit.url.sign_out())
    await sessions.end(session_id)
    visit.signed_in = visit.person = None
    provider = await visit.app.tenants.identity_provider(visit.tenant)
    there = ""
    if provider and provider.issuer == session.issuer:
        back = visit.site.public_url + visit.url.sign_out()
        there = await visit.app.identity.end_url(visit.tenant, provider, session.id_token, back)
    return await visit.leave_for(there) if there else visit.see(visit.url.sign_out())


@page(urls.MORE, past=False)
async def more(visit: Visit) -> PageResponse:
    """Everything the small screen has no room for, and one's own account."""
    session = visit.session
    sessions = await visit.app.sessions.of_person(session.tenant, session.issuer, session.subject)
    devices = {one.handle: device(one.client) or visit.words.say("Thiết bị khác") for one in sessions}
    return await visit.page("signin/more.html", sessions=sessions, devices=devices)


@act(urls.MORE + "/ket-thuc-phien", again=more)
async def end_session(visit: Visit) -> PageResponse:
    """End another of one's own sessions."""
    session = visit.session
    await visit.app.sessions.end_of_person(
        session.tenant, session.issuer, session.subject, visit.typed.needed("handle")
    )
    return visit.see(visit.url.more())


async def provider_of(visit: Visit) -> IdentityProvider:
    """The province's provider. Raises SignInRefused where none is configured, ProvinceSuspended."""
    if visit.tenant.is_suspended:
        raise ProvinceSuspended
    provider = await visit.app.tenants.identity_provider(visit.tenant)
    if provider is None:
        raise SignInRefused(reason="no-provider")
    return provider


def device(client: str) -> str:
    """Browser and system by name, as people know their machines; "" for what does not say."""
    browsers = (
        ("Coc_Coc", "Cốc Cốc"),
        ("Edg", "Edge"),
        ("Firefox", "Firefox"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    )
    systems = (
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    named = [next((name for mark, name in marks if mark in client), "") for marks in (browsers, systems)]
    return ", ".join(name for name in named if name)


def return_address(visit: Visit) -> str:
    """Where the provider sends the browser back to."""
    return visit.site.public_url + visit.url.sign_in_return()


def kept_form(visit: Visit) -> KeptForm | None:
    """The form that was sent without a session, if it was one of this province's and is small enough."""
    path = own_path(visit.typed.text("kept_path"), visit.tenant.slug)
    if not path or "?" in path:
        return None
    try:
        fields = msgspec.json.decode(visit.typed.text("kept_fields"), type=tuple[tuple[str, str], ...])
    except msgspec.DecodeError:
        return None
    token = security.unmasked(dict(fields).get("csrf", ""))
    kept = KeptForm(path, tuple((name, value) for name, value in fields if name not in OURS), token)
    return kept if kept.is_small else None


ROUTES = [show, begin, finish, send_again, throw_away, signed_out, sign_out, more, end_session]
