"""`python -m tests.formatting` formats the templates of pages; with `--check` it only names those that are not."""

import sys
from pathlib import Path

from services.i18n import load_words
from services.web.assets import Assets
from services.web.render import Renderer
from tests.formatting.templates import Difference, formatted

ROOT = Path(__file__).parents[2]


def templates() -> list[Path]:
    """Every template of a page or a document, but those of former proof packages, whose bytes stay as they are."""
    found = (ROOT / "services").glob("**/templates/**/*.html")
    return sorted(path for path in found if "former" not in path.parts)


def main(arguments: list[str]) -> int:
    environment = Renderer(load_words(), Assets()).environment("vi")
    status = 0
    for file in templates():
        source = file.read_text()
        try:
            text = formatted(source, environment)
        except Difference:
            print(f"{file.relative_to(ROOT)}: cannot be formatted without changing what it sends", file=sys.stderr)
            status = 1
            continue
        if text != source:
            print(file.relative_to(ROOT))
            if "--check" in arguments:
                status = 1
            else:
                file.write_text(text)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
