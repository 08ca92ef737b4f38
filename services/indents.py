"""Templates are indented for those who read them; what is sent is not."""

import re

from jinja2.ext import Extension

#: Elements beside which a browser shows no white space: they begin lines, rows and cells of their own.
BLOCKS = (
    "article|aside|caption|col|colgroup|dd|details|div|dl|dt|fieldset|footer|form|h[1-6]|header|legend|li|main|nav|ol|p"
    "|section|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
BEFORE_BLOCK = re.compile(rf">\n(?=</?(?:{BLOCKS})(?![a-z0-9]))")


class Unindented(Extension):
    """What stands in a template for those who read it is not sent: indents, and line ends before blocks of HTML."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return BEFORE_BLOCK.sub(">", re.sub(r"\n +", "\n", source))
