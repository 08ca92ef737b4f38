"""The only place that knows what an address looks like.

Handlers take their path from the constants, templates and handlers build links with `Urls`:

    @page(urls.DOSSIER)                      url.dossier("2023", "25441", indicator="TC2.CT5")

A province's pages lie below `/t/<slug>`; state changes are POSTs to a page's path plus a verb.
"""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit

PROVINCES = "/"
HEALTH = "/healthz"
READY = "/readyz"
LANGUAGE = "/ngon-ngu"
STATIC = "/static"

TENANT = "/t/{slug:str}"
SIGN_IN = TENANT + "/dang-nhap"
SIGN_IN_RETURN = TENANT + "/dang-nhap/ve"
SIGN_IN_AGAIN = TENANT + "/dang-nhap/gui-lai"
SIGN_OUT = TENANT + "/dang-xuat"
MORE = TENANT + "/them"

WORK = TENANT + "/viec"
BOARD = TENANT + "/bang/{season:str}"
DOSSIER = TENANT + "/ho-so/{season:str}/{commune:str}"
APPRAISALS = TENANT + "/tham-dinh/{season:str}"
APPRAISAL = TENANT + "/tham-dinh/{season:str}/{commune:str}"
COUNCIL = TENANT + "/hoi-dong/{season:str}"
MEETING = TENANT + "/hop/{season:str}/{meeting:str}"
REPLAY_MEETING = MEETING + "/phat-lai"
DECISION = TENANT + "/quyet-dinh/{season:str}/{commune:str}"
REGISTER = TENANT + "/cong-khai"
PUBLIC = TENANT + "/cong-khai/{season:str}/{commune:str}"
REVIEWS = TENANT + "/thanh-tra/xem-xet/{season:str}"
REVIEW = TENANT + "/thanh-tra/xem-xet/{season:str}/{commune:str}/{number:str}"
TRAIL_OF_PROVINCE = TENANT + "/nhat-ky"
ACCESSES = TENANT + "/nhat-ky/truy-cap"
TRAIL = TENANT + "/nhat-ky/{season:str}/{commune:str}"
TRACE = TENANT + "/trach-nhiem/{season:str}/{commune:str}"
REPLAY = TENANT + "/phat-lai/{season:str}/{commune:str}"
REPLAY_SEASON = TENANT + "/phat-lai/{season:str}"
WHAT_IF_SEASON = TENANT + "/gia-dinh/{season:str}"
WHAT_IF = TENANT + "/gia-dinh/{season:str}/{commune:str}"
FLAGS = TENANT + "/dau-hieu/{season:str}"
SEASONS = TENANT + "/mua"
SEASON = TENANT + "/mua/{season:str}"
EXPORTS = TENANT + "/ket-xuat"
RULEBOOKS = TENANT + "/bo-tieu-chi"
RULEBOOK = TENANT + "/bo-tieu-chi/{rulebook:str}"
ADMIN = TENANT + "/quan-tri"
DAYS_OFF = TENANT + "/quan-tri/ngay-nghi"
RATES = TENANT + "/quan-tri/muc-chi"
RULEBOOK_FILE = TENANT + "/bo-tieu-chi/{rulebook:str}/tep"
PERSONAL = TENANT + "/quan-tri/du-lieu-ca-nhan"


#: The pages whose address names something, by its parts.
_NAMING = [
    pattern.removeprefix(TENANT + "/").split("/")
    for pattern in (REVIEW, REVIEWS, DOSSIER, APPRAISAL, COUNCIL, MEETING, DECISION, PUBLIC, REPLAY, FLAGS, SEASON)
]


#: The pages on which people fill forms and which can be opened again as they are.
_PAGES = [
    pattern.split("/")
    for pattern in (
        WORK,
        BOARD,
        DOSSIER,
        APPRAISAL,
        COUNCIL,
        MEETING,
        DECISION,
        PUBLIC,
        REVIEWS,
        REVIEW,
        FLAGS,
        SEASONS,
        SEASON,
        EXPORTS,
        RULEBOOKS,
        RULEBOOK,
        ADMIN,
        DAYS_OFF,
        RATES,
        RULEBOOK_FILE,
        PERSONAL,
        MORE,
        TRAIL_OF_PROVINCE,
        TRAIL,
    )
]

#: The parameter by which a page says who is still signed in.
STILL_SIGNED_IN = "van-dang-nhap"


class Moment(NamedTuple):
    """A moment as it is asked for: a position, a day or a time, and by which clock, "" for the recorded."""

    asof: str
    clock: str = ""

    @property
    def query(self) -> dict[str, str]:
        return {name: value for name, value in self._asdict().items() if value}


def fill(pattern: str, *parts: str, **query: object) -> str:
    """The address that `pattern` stands for, its parameters filled in order; a query value of None is left out, and a
    Moment brings its clock along.
    """
    rest = iter(parts)
    segments = [quote(next(rest), safe="") if part.startswith("{") else part for part in pattern.split("/")]
    asked: list[tuple[str, str]] = []
    for name, value in query.items():
        if isinstance(value, Moment):
            asked += value.query.items()
        elif value is not None:
            asked.append((name.replace("_", "-"), str(value)))
    return "/".join(segments) + ("?" + urlencode(asked) if asked else "")


def with_query(path: str, asof: Moment | None, asked: Iterable[tuple[str, str]]) -> str:
    """The path with a query in which a name may come several times."""
    query = [*(asof.query.items() if asof else ()), *asked]
    return path + ("?" + urlencode(query) if query else "")


def still_signed_in(address: str) -> str:
    """The address of a page, which then says who is still signed in."""
    path, _, query = address.partition("?")
    return f"{path}?{query}{'&' if query else ''}{STILL_SIGNED_IN}=1"


def page_of(path: str) -> str:
    """The page of a province whose form is sent to this path, or the path itself when it is one; "" for none."""
    segments = path.split("/")
    found = ""
    for pattern in _PAGES:
        pairs = zip(pattern, segments, strict=False)
        if len(segments) >= len(pattern) and all(_fits(one, here) for one, here in pairs):
            found = max(found, "/".join(segments[: len(pattern)]), key=len)
    return found


def read(path: str) -> tuple[str, dict[str, str]]:
    """What an address of a province says: its fixed words ("ho-so/cham-diem"), and what it names (season, commune)."""
    segments = path.split("/")[3:]
    for pattern in _NAMING:
        pairs = list(zip(pattern, segments, strict=False))
        if len(segments) >= len(pattern) and all(_fits(one, here) for one, here in pairs):
            named = {one[1:].partition(":")[0]: unquote(here) for one, here in pairs if one.startswith("{")}
            fixed = [one for one in pattern if not one.startswith("{")] + segments[len(pattern) :]
            return "/".join(fixed), named
    return "/".join(one for one in segments if _is_word(one)), {}


def _fits(one: str, here: str) -> bool:
    """Whether a segment of an address can stand where the pattern has this one."""
    if one == "{slug:str}":
        return bool(here)
    return bool(here) and not _is_word(here) if one.startswith("{") else one == here


def _is_word(segment: str) -> bool:
    """Whether it is none of the codes and ids that an address names: they have digits."""
    return segment.replace("-", "").isalpha()


class Urls:
    """Addresses within one province. `asof`, the moment of the page, goes along on every page that has a past."""

    def __init__(self, slug: str, asof: Moment | None = None) -> None:
        self.slug = slug
        self.asof = asof

    def now(self) -> "Urls":
        """The same province, today."""
        return Urls(self.slug)

    def home(self) -> str:
        return fill(TENANT, self.slug)

    def sign_in(self, next: str | None = None) -> str:
        return fill(SIGN_IN, self.slug, tiep=next)

    def sign_in_return(self) -> str:
        return fill(SIGN_IN_RETURN, self.slug)

    def sign_in_again(self, kept: str | None = None) -> str:
        return fill(SIGN_IN_AGAIN, self.slug, giu=kept)

    def sign_out(self) -> str:
        return fill(SIGN_OUT, self.slug)

    def more(self) -> str:
        return fill(MORE, self.slug)

    def work(self, **query: object) -> str:
        return fill(WORK, self.slug, **{"asof": self.asof, **query})

    def board(self, season: str, **query: object) -> str:
        return fill(BOARD, self.slug, season, **{"asof": self.asof, **query})

    def dossier(self, season: str, commune: str, indicator: str | None = None, **query: object) -> str:
        return fill(DOSSIER, self.slug, season, commune, **{"chi_tieu": indicator, "asof": self.asof, **query})

    def evidence(self, season: str, commune: str, evidence: str) -> str:
        return fill(DOSSIER + "/minh-chung/{evidence:str}", self.slug, season, commune, evidence, asof=self.asof)

    def opinion_sheets(self, season: str, commune: str) -> str:
        return fill(DOSSIER + "/phieu-lay-y-kien", self.slug, season, commune, asof=self.asof)

    def appraisals(self, season: str, **query: object) -> str:
        return fill(APPRAISALS, self.slug, season, **{"asof": self.asof, **query})

    def appraisal(self, season: str, commune: str, indicator: str | None = None, **query: object) -> str:
        return fill(APPRAISAL, self.slug, season, commune, **{"chi_tieu": indicator, "asof": self.asof, **query})

    def council(self, season: str, **query: object) -> str:
        return fill(COUNCIL, self.slug, season, **{"asof": self.asof, **query})

    def meeting(self, season: str, meeting: str, **query: object) -> str:
        return fill(MEETING, self.slug, season, meeting, **{"asof": self.asof, **query})

    def meeting_receipt(self, season: str, meeting: str, **query: object) -> str:
        return fill(MEETING + "/bien-nhan", self.slug, season, meeting, **query)

    def decision(self, season: str, commune: str, **query: object) -> str:
        return fill(DECISION, self.slug, season, commune, **{"asof": self.asof, **query})

    def register(self, **query: object) -> str:
        return fill(REGISTER, self.slug, **{"asof": self.asof, **query})

    def public(self, season: str, commune: str, **query: object) -> str:
        return fill(PUBLIC, self.slug, season, commune, **{"asof": self.asof, **query})

    def reviews(self, season: str, **query: object) -> str:
        return fill(REVIEWS, self.slug, season, **{"asof": self.asof, **query})

    def open_review(self, season: str, commune: str, ground: str, positions: Iterable[int], sign: object = None) -> str:
        """The form that opens a review, filled with what led to it."""
        listed = ", ".join(f"#{position}" for position in positions)
        asked = {"xa": commune, "can_cu": ground, "dan_chieu": listed, "dau_hieu": sign}
        return fill(REVIEWS, self.slug, season, **asked) + "#mo"

    def review(self, season: str, commune: str, number: object, **query: object) -> str:
        return fill(REVIEW, self.slug, season, commune, str(number), **{"asof": self.asof, **query})

    def trail_of_province(self, asked: Iterable[tuple[str, str]] = ()) -> str:
        """The trail of the province; `asked` are its filters."""
        return with_query(fill(TRAIL_OF_PROVINCE, self.slug), self.asof, asked)

    def accesses(self, asked: Iterable[tuple[str, str]] = ()) -> str:
        """Who opened evidence and who was refused; `asked` are the filters."""
        return with_query(fill(ACCESSES, self.slug), self.asof, asked)

    def trail(self, season: str, commune: str, **query: object) -> str:
        return fill(TRAIL, self.slug, season, commune, **{"asof": self.asof, **query})

    def trace(self, season: str, commune: str, indicator: str | None = None, **query: object) -> str:
        return fill(TRACE, self.slug, season, commune, **{"chi_tieu": indicator, "asof": self.asof, **query})

    def trace_json(self, season: str, commune: str, indicator: str | None = None) -> str:
        return fill(TRACE + "/json", self.slug, season, commune, chi_tieu=indicator, asof=self.asof)

    def replay(self, season: str, commune: str, **query: object) -> str:
        return fill(REPLAY, self.slug, season, commune, **{"asof": self.asof, **query})

    def replay_meeting(self, season: str, meeting: str, **query: object) -> str:
        return fill(REPLAY_MEETING, self.slug, season, meeting, **{"asof": self.asof, **query})

    def replay_season(self, season: str, **query: object) -> str:
        return fill(REPLAY_SEASON, self.slug, season, **{"asof": self.asof, **query})

    def what_if(self, season: str, commune: str, assumed: Iterable[tuple[str, str]] = ()) -> str:
        """The page of a what-if; `assumed` are its parameters, several of one name among them."""
        return with_query(fill(WHAT_IF, self.slug, season, commune), self.asof, assumed)

    def what_if_season(self, season: str, assumed: Iterable[tuple[str, str]] = ()) -> str:
        return with_query(fill(WHAT_IF_SEASON, self.slug, season), self.asof, assumed)

    def flags(self, season: str, **query: object) -> str:
        return fill(FLAGS, self.slug, season, **{"asof": self.asof, **query})

    def seasons(self) -> str:
        return fill(SEASONS, self.slug, asof=self.asof)

    def season(self, season: str, **query: object) -> str:
        return fill(SEASON, self.slug, season, **{"asof": self.asof, **query})

    def exports(self, **query: object) -> str:
        return fill(EXPORTS, self.slug, **{"asof": self.asof, **query})

    def rulebooks(self) -> str:
        return fill(RULEBOOKS, self.slug)

    def rulebook(self, rulebook: str, **query: object) -> str:
        return fill(RULEBOOK, self.slug, rulebook, **query)

    def admin(self, **query: object) -> str:
        return fill(ADMIN, self.slug, **{"asof": self.asof, **query})

    def days_off(self, **query: object) -> str:
        return fill(DAYS_OFF, self.slug, **{"asof": self.asof, **query})

    def rates(self, **query: object) -> str:
        return fill(RATES, self.slug, **{"asof": self.asof, **query})

    def rulebook_file(self, rulebook: str, ending: str = "", **query: object) -> str:
        pattern = RULEBOOK_FILE + ("/{ending:str}" if ending else "")
        return fill(pattern, self.slug, rulebook, *filter(None, [ending]), **query)

    def personal(self, **query: object) -> str:
        return fill(PERSONAL, self.slug, **{"asof": self.asof, **query})


def plain_address(address: str) -> str:
    """The address in ASCII, as headers hold it: whatever else stands in it is percent-encoded, and nothing twice."""
    return quote(address, safe="/:?#[]@!$&'()*+,;=%~")


def own_path(address: str, slug: str) -> str:
    """The address if it is a page of this province, else "": nobody is led away by a link to our sign-in."""
    try:
        parts = urlsplit(address)
    except ValueError:  # "//[" is none
        return ""
    inside = parts.path == f"/t/{slug}" or parts.path.startswith(f"/t/{slug}/")
    clean = not parts.scheme and not parts.netloc and "\\" not in address and address.isprintable()
    return address if inside and clean and "/dang-" not in parts.path else ""
