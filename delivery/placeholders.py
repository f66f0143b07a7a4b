import re
import secrets
from collections.abc import Mapping
from urllib.parse import unquote

# Link dialogs put http:// before a placeholder and encode its braces; all of these are one.
_PLACEHOLDER = re.compile(
    r"(?:https?://)?(?:\{|%7B)(?:(?P<opt_out>optOutUrl)|trackingUrl:(?P<link>\d+))(?:\}|%7D)",
    re.IGNORECASE,
)
_OPT_OUT_LINK = re.compile(r"\{optOutLink\}", re.IGNORECASE)
# What somebody meant to be one: blanks, markup or a wrong word behind the brace.
_MISSPELT = re.compile(
    r"(?:\{|%7B)+(?:\s|&nbsp;|%20|<[^<>]*>)*(?:tracking|opt[ _-]?out)[^{}<>\"]{0,40}(?:\}|%7D)*",
    re.IGNORECASE,
)


class Placeholders:
    """The placeholders of one body, replaced before and filled after its personal values.

    ``mark`` swaps every placeholder for an URL that nobody can guess. The body is then rendered
    for a recipient, and ``fill`` puts the recipient's own URLs in. A name or address that holds
    ``{optOutUrl}`` therefore stays the text it is.

    :ivar str host: what each mark begins with
    :ivar bool has_opt_out: an opt-out placeholder was marked
    :ivar set link_ids: ids of the marked tracking URLs
    """

    def __init__(self):
        self.host = f"https://{secrets.token_hex(16)}.invalid"
        # each mark has an end of its own: anything may stand right behind it
        self._mark = re.compile(rf"{re.escape(self.host)}/(opt-out|open|view|link/\d+)/")
        self.has_opt_out = False
        self.link_ids = set()

    @property
    def opt_out(self) -> str:
        """The mark that ``fill`` replaces by the opt-out URL."""
        self.has_opt_out = True
        return f"{self.host}/opt-out/"

    @property
    def open(self) -> str:
        """The mark that ``fill`` replaces by the URL of the open pixel."""
        return f"{self.host}/open/"

    @property
    def view(self) -> str:
        """The mark that ``fill`` replaces by the URL of the letter as a page."""
        return f"{self.host}/view/"

    @property
    def body(self) -> str:
        """A mark for the body's place in a layout; the caller replaces it."""
        return f"{self.host}/body"

    @property
    def marks(self) -> dict[str, str]:
        """The marks in use, with the keys that ``fill`` takes their URLs by."""
        keys = ["opt-out", "open", "view", *(f"link/{link_id}" for link_id in self.link_ids)]
        return {f"{self.host}/{key}/": key for key in keys}

    def link(self, link_id: int) -> str:
        """The mark that ``fill`` replaces by a tracking URL."""
        self.link_ids.add(link_id)
        return f"{self.host}/link/{link_id}/"

    def mark(self, body: str, opt_out_label: str) -> str:
        """Replace the placeholders of a body by marks.

        :param body: HTML source, not yet rendered for anybody
        :param opt_out_label: escaped HTML shown for ``{optOutLink}``
        """
        body = _OPT_OUT_LINK.sub(
            lambda _match: f'<a href="{self.opt_out}">{opt_out_label}</a>', body
        )
        return _PLACEHOLDER.sub(
            lambda match: self.opt_out if match["opt_out"] else self.link(int(match["link"])),
            body,
        )

    def fill(self, text: str, urls: Mapping[str, str]) -> str:
        """Replace the marks in rendered HTML or text by a recipient's URLs.

        :param urls: keys ``opt-out``, ``open``, ``view`` and ``link/ID``; they are inserted as
            they are, so they must be safe inside an HTML attribute
        :raise KeyError: a marked URL is missing
        """
        return self._mark.sub(lambda match: urls[match[1]], text)


def misspelt(text: str) -> str | None:
    """Return the first thing that looks like a placeholder and is none.

    :param text: a text in which the placeholders are marked, or none belongs
    """
    found = _MISSPELT.search(text)
    return found and unquote(re.sub(r"<[^<>]*>", "", found[0])).strip()
