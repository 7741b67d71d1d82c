"""A page as the tests look at it: parsed, with the rules that every page keeps."""

from html.parser import HTMLParser

VOID = {"input", "img", "br", "meta", "link", "hr", "use", "path", "circle", "rect"}


class Page(HTMLParser):
    """Collects what the house rules ask about: headings, ids, labels, forms, scripts, words."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.headings: list[str] = []
        self.title = ""
        self.ids: list[str] = []
        self.label_targets: set[str] = set()
        self.inputs: list[dict[str, str]] = []
        self.forms: list[dict[str, object]] = []
        self.scripts: list[dict[str, str]] = []
        self.inline: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.lang = ""
        self._open: list[str] = []
        self._labels = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append(tag)
        self._note(tag, values)
        if tag == "html":
            self.lang = values.get("lang", "")
        if tag == "h1":
            self.headings.append("")
        if tag == "label":
            self._labels += 1
            self.label_targets.add(values.get("for", ""))
        if tag == "form":
            self.forms.append(values | {"fields": set()})
        if tag in {"input", "select", "textarea"}:
            self._field(values)
        if tag == "script":
            self.scripts.append(values)
        if tag == "a":
            self.links.append(values.get("href", ""))

    def _note(self, tag, values):
        if "id" in values:
            self.ids.append(values["id"])
        for name in values:
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")

    def _field(self, values):
        if self.forms:
            self.forms[-1]["fields"].add(values.get("name", ""))
        named = self._labels or values.get("aria-label") or values.get("aria-labelledby")
        if values.get("type") not in {"hidden", "submit", "button"}:
            self.inputs.append(values | {"named": "yes" if named else ""})

    def handle_endtag(self, tag):
        if tag == "label":
            self._labels -= 1
        if tag in self._open:
            while self._open and self._open.pop() != tag:
                pass

    def handle_data(self, data):
        if "title" in self._open and "svg" not in self._open:
            self.title += data
        if "h1" in self._open and "small" not in self._open and self.headings:
            self.headings[-1] += data
        if not {"script", "style"} & set(self._open):
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    @property
    def actions(self) -> list[str]:
        """Where the forms go."""
        return [str(form.get("action", "")) for form in self.forms]

    def text_has(self, words: str) -> bool:
        return words in self.words

    def check(self) -> None:
        """Every rule that holds for every page; the message says how to mend it."""
        assert len(self.headings) == 1, f"a page has one h1, this has {self.headings}"
        heading = " ".join(self.headings[0].split())
        title = " ".join(self.title.split())
        assert title.startswith(heading), f"the title “{title}” begins with the h1 “{heading}”"
        repeated = {one for one in self.ids if self.ids.count(one) > 1}
        assert not repeated, f"ids stand twice: {repeated}"
        for field in self.inputs:
            labelled = field["named"] or field.get("id") in self.label_targets
            assert labelled, f"an input without a label: {field}"
        for form in self.forms:
            if str(form.get("method", "")).lower() == "post":
                assert "csrf_token" in form["fields"], f"a form without csrf_token: {form}"
        assert not self.inline, f"inline styles or handlers: {self.inline}"
        for script in self.scripts:
            assert script.get("src", "").startswith("/static/"), f"a script of elsewhere: {script}"
