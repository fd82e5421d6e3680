"""A page as its reader sees it, without a browser: tables, texts and pictures by section."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """Sections by their anchor: all text, the rows of the tables as lists of texts, and the pictures' alt texts."""

    def __init__(self, path):
        super().__init__()
        self.sections, self.name, self.head = {}, None, []
        self._cell = None
        self.feed(path.read_text(encoding="utf-8"))

    def text(self, name):
        return " ".join(" ".join(self.sections[name]["text"]).split())

    def rows(self, name):
        """First cell of each row to the others."""
        return {row[0]: row[1:] for row in self.sections[name]["rows"]}

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "section":
            self.name = given["id"]
            self.sections[self.name] = {"text": [], "rows": [], "alt": [], "marks": []}
        if self.name is None:
            return
        section = self.sections[self.name]
        if tag == "tr":
            section["rows"].append([])
        elif tag in ("td", "th"):
            section["rows"][-1].append("")
            self._cell = section["rows"][-1]
            if given.get("class") == "bad":
                section["marks"].append(section["rows"][-1][0])
        elif tag == "img":
            section["alt"].append(given["alt"])
        elif tag == "small" and self._cell is not None:
            self._cell[-1] = f"{self._cell[-1].rstrip()} "

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._cell = None
        elif tag == "section":
            self.name = None

    def handle_data(self, data):
        if self.name is None:
            self.head.append(data)
            return
        self.sections[self.name]["text"].append(data)
        if self._cell is not None:
            self._cell[-1] += data.strip("\n")
