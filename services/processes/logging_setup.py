"""Logging of a process: for machines that read it, and never as somebody else would have it."""

import sys

import structlog


def plain_logs() -> None:
    """Lines for who reads them at a terminal; a traceback without the values in it, which may be somebody's secrets."""
    *before, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(
        colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*before, renderer])


def structured_logs() -> None:
    """One JSON object a line, whatever people send: control characters are escaped, not printed."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
