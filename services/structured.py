"""How a process writes its log: for machines that read it, and never as somebody else would have it."""

import sys

import structlog


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
