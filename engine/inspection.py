from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from lxml import etree, html

# Links that lead to no page, and need no tracking.
CONTACT_SCHEMES = {"mailto", "tel", "sms"}
# Links that other programs open: calendars, messengers, file servers.
APP_SCHEMES = {"webcal", "ftp", "ftps", "geo", "sip", "whatsapp", "viber", "tg", "skype", "callto"}
PAGE_SCHEMES = {"http", "https"}
UNFIT_FOR_HOST = {*" %<>\"'{}"}
# Names that only a network of one's own knows (RFC 2606, RFC 6762, RFC 8375).
LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test", ".invalid")
# What is hidden, like the preview text.
HIDDEN = "//*[contains(translate(@style, ' ', ''), 'display:none') and ancestor::*]"
# What Odoo's renderer may leave out of a letter, or put elsewhere.
CONDITIONS = ("if", "elif", "else", "foreach", "set", "out", "esc", "raw", "field", "call")
CONDITIONAL = (
    f"//*[({' or '.join(f'@t-{each}' for each in CONDITIONS)} or @groups) and ancestor::*]"
)
# What is no text of the letter.
UNREAD = f"//a | //style | //script | {HIDDEN}"


def is_local(host):
    """Tell whether a host is known on one machine or in one network only."""
    host = host.lower().rstrip(".")
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(LOCAL_ENDINGS)


def is_shown(text, page, to_everybody=False):
    """Tell whether a page shows a text, or the link that it is: in no comment, and not hidden.

    :param to_everybody: whatever the conditions of a template are
    """
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True)
    try:
        # as bytes, for it may say what its encoding was
        tree = html.fromstring(page.encode(errors="replace"), parser=parser)
    except (etree.ParserError, ValueError):
        return False
    document = tree.getroottree()
    for hidden in tree.xpath(f"{HIDDEN} | {CONDITIONAL}" if to_everybody else HIDDEN):
        hidden.drop_tree()
    # all of the page: what was parsed may be just what is hidden
    return text in html.tostring(document, encoding="unicode")


class Inspection:
    """The links and images of a letter that will not work for who reads it, or tell nothing.

    Each list is of addresses, or of the text where there is no address. What the letter fills in
    for a recipient works.

    :ivar bool has_text: something is to be read besides links, and what only previews show

    :param page: HTML of the body, personal values in it, placeholders marked
    :param marks: the marks of the placeholders
    :param own_url: the address before links to our own server
    """

    def __init__(self, page, marks, own_url):
        self._marks, self._own_url = set(marks), own_url
        self.broken_links, self.relative_links, self.empty_links = [], [], []
        self.local_links, self.untracked_links = [], []
        self.images_without_alt, self.relative_images, self.local_images = [], [], []
        self.has_text = False
        try:
            tree = html.fromstring(page or "<p/>", parser=html.HTMLParser(encoding="utf-8"))
        except (etree.ParserError, ValueError):
            return
        for link in tree.iter("a", "area"):
            self._inspect_link(link)
        for image in tree.iter("img"):
            self._inspect_image(image)
        for unread in tree.xpath(UNREAD):
            unread.drop_tree()
        self.has_text = any(map(str.isprintable, "".join(tree.text_content().split())))

    def _inspect_link(self, link):
        address = (link.get("href") or "").strip()
        if address in self._marks:
            return
        if address in ("", "#"):
            is_anchor = "href" not in link.attrib and (link.get("id") or link.get("name"))
            if not is_anchor:
                self.empty_links.append(" ".join(link.text_content().split()) or "<a>")
        elif not address.startswith("#"):
            self._judge(address)

    def _judge(self, address):
        shown = unquote(address)
        try:
            url = urlsplit(address)
            host, _port = url.hostname, url.port
        except ValueError:
            self.broken_links.append(shown)
            return
        if url.scheme in CONTACT_SCHEMES:
            if not url.path:
                # a place to fill in, as Odoo's themes have
                self.empty_links.append(shown)
        elif url.scheme in APP_SCHEMES and address.partition(":")[2].strip("/"):
            pass
        elif not url.scheme and not {*"{}"} & {*shown}:
            self.relative_links.append(shown)
        elif url.scheme not in PAGE_SCHEMES or not host or UNFIT_FOR_HOST & {*host}:
            self.broken_links.append(shown)
        elif not self._is_own(address):
            (self.local_links if is_local(host) else self.untracked_links).append(shown)

    def _inspect_image(self, image):
        address = (image.get("src") or "").strip()
        name = unquote(address.partition("?")[0].rpartition("/")[2])[:60] or "<img>"
        if image.get("alt") is None:
            self.images_without_alt.append("<img>" if address.startswith("data:") else name)
        try:
            url = urlsplit(address)
        except ValueError:
            self.relative_images.append(unquote(address))
            return
        if url.scheme in ("data", "cid") or address in self._marks or self._is_own(address):
            return
        if url.scheme not in PAGE_SCHEMES or not url.hostname:
            self.relative_images.append(unquote(address) or "<img>")
        elif is_local(url.hostname):
            self.local_images.append(unquote(address))

    def _is_own(self, address):
        return bool(self._own_url) and f"{address}/".startswith(f"{self._own_url}/")
