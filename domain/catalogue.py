"""Every fact that the log may hold, by the name it is stored under.

Read this first: it is what the service remembers. Names are for ever. A fact that is renamed keeps its old name
registered here; a fact that gains a field gets an optional one with a default, or a `class_version` and an upcaster.
"""

from eventsourcing.utils import get_topic

from domain.adoption import Adoption
from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.council import Council
from domain.days_off import DaysOff
from domain.export import Export
from domain.fact import Fact, Stream
from domain.flag import Flag
from domain.log import Log
from domain.meeting import Meeting
from domain.official import Official
from domain.personal import DataSubject
from domain.rates import Rates
from domain.recognition import Recognition
from domain.review import Review
from domain.rulebook_draft import RulebookDraft
from domain.rulebook_text import RulebookText
from domain.season import Season
from domain.unit import Unit

AGGREGATES: dict[str, type[Stream]] = {
    "log": Log,
    "unit": Unit,
    "official": Official,
    "rulebook": Adoption,
    "rulebook-text": RulebookText,
    "rulebook-draft": RulebookDraft,
    "calendar": DaysOff,
    "rate": Rates,
    "season": Season,
    "assessment": Assessment,
    "appraisal": Appraisal,
    "council": Council,
    "meeting": Meeting,
    "recognition": Recognition,
    "flag": Flag,
    "review": Review,
    "export": Export,
    "subject": DataSubject,
}

FACTS: dict[str, type[Fact]] = {
    get_topic(fact): fact
    for aggregate in AGGREGATES.values()
    for fact in vars(aggregate).values()
    if isinstance(fact, type) and issubclass(fact, Fact) and fact.__name__ != "Event"
}
