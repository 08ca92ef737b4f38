"""The board: all communes of a season with their verdicts and margins, on a page and as a workbook."""
