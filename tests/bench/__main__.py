"""Measure everything that has a budget: `python -m tests.bench [MODULE ...]`.

Runs `rows(services)` of each module here, one after the other, on services started for it in a fresh folder (or those
of the environment). Prints a table and writes build/bench.json. Figures of one run compare; of two machines do not.
"""

import asyncio
import importlib
import json
import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import asyncpg

from infra.platform import embedded
from infra.platform.config import Settings, read_settings
from infra.schema import migrate

HERE = Path(__file__).parent
RESULT = HERE.parents[1] / "build" / "bench.json"

Row = dict[str, Any]


def main(names: list[str]) -> int:
    """0 when every module could be measured."""
    names = names or sorted(file.stem for file in HERE.glob("[!_]*.py"))
    rows: list[Row] = []
    failed = []
    with (
        tempfile.TemporaryDirectory(prefix="minhchuan-bench-") as folder,
        embedded.services(read_settings(Path(folder))) as services,
    ):
        rows.append(asyncio.run(prepare(services)))
        for name in names:
            try:
                found = asyncio.run(importlib.import_module(f"tests.bench.{name}").rows(services))
            except Exception:  # noqa: BLE001 - the others are still measured
                traceback.print_exc()
                failed.append(name)
                continue
            rows += found
            for row in found:
                print(shown(row), flush=True)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    print(f"written to {RESULT.relative_to(Path.cwd()) if RESULT.is_relative_to(Path.cwd()) else RESULT}")
    if failed:
        print(f"could not be measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


async def prepare(services: Settings) -> Row:
    """Migrate the control schema, and say what machine this is."""
    await migrate.control(services)
    connection = await asyncpg.connect(services.database_url)
    postgres = await connection.fetchval("SHOW server_version")
    await connection.close()
    said = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, PostgreSQL {postgres}"
    row = {"name": "machine", "value": os.cpu_count(), "unit": "cores", "against": said, "ratio": None}
    print(shown(row))
    return row


def shown(row: Row) -> str:
    ratio = "" if row["ratio"] is None else f"{row['ratio']:g} x"
    return f"{row['name']:<22} {row['value']:>12,} {row['unit']:<12} {ratio:>9}  {row['against'] or ''}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
