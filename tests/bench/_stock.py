"""The stock projection runner of `eventsourcing` on PostgreSQL, with one table of rows."""

import os
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL, Identifier

DOSSIERS, SCORES = 40, 100


class Scored(Aggregate):
    """A dossier in which indicators are scored."""

    @event("Begun")
    def __init__(self) -> None:
        self.points: dict[str, str] = {}

    @event("IndicatorScored")
    def score(self, indicator: str, points: str) -> None:
        self.points[indicator] = points


class Scores(PostgresTrackingRecorder):
    """A table with the last score of each dossier, written with the tracking in one transaction."""

    def __init__(self, datastore: PostgresDatastore, *, tracking_table_name: str = "scores", **kwargs: Any) -> None:
        super().__init__(datastore, tracking_table_name=tracking_table_name, **kwargs)
        self.table = SQL("{0}.{1}").format(Identifier(datastore.schema), Identifier(f"{tracking_table_name}_rows"))
        self.sql_create_statements.append(
            SQL("CREATE TABLE IF NOT EXISTS {0} (dossier text PRIMARY KEY, points text)").format(self.table)
        )

    def write(self, dossier: str, points: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            statement = SQL("INSERT INTO {0} VALUES (%s, %s) ON CONFLICT (dossier) DO UPDATE SET points = %s")
            cursor.execute(statement.format(self.table), (dossier, points, points))


class ScoreProjection(Projection[Scores]):
    name = "scores"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.write(str(domain_event.originator_id), getattr(domain_event, "points", ""), tracking)


def stock_projection(dsn: str) -> float:
    """Events per second from the start of the runner to the last row."""
    parts = urlsplit(dsn)
    env = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path[1:],
        "POSTGRES_HOST": parts.hostname or parse_qs(parts.query)["host"][0],
        "POSTGRES_PORT": str(parts.port or 5432),
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": parts.password or os.environ.get("PGPASSWORD", "none"),
        "APPLICATION_NAME": f"stock{uuid4().hex[:8]}",
    }
    application: Application[Any] = Application(env)
    for _ in range(DOSSIERS):
        dossier = Scored()
        for number in range(SCORES):
            dossier.score(f"TC1.CT{number}", "8.5")
        application.save(dossier)
    last = application.recorder.max_notification_id()
    begun = time.perf_counter()
    with ProjectionRunner(
        application_class=type(application), projection_class=ScoreProjection, view_class=Scores, env=env
    ) as runner:
        runner.wait(last, timeout=120)
        seconds = time.perf_counter() - begun
    application.close()
    return DOSSIERS * (SCORES + 1) / seconds
