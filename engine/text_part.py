import html
import re
import secrets
from functools import lru_cache

from markupsafe import escape

from odoo.tools import html2plaintext

from ..delivery.skeleton import quoted_printable, split

# Where a text goes on in a new paragraph, or on a new line.
PARAGRAPH_END = re.compile(r"</(?:p|div|h[1-6]|ul|ol|table|blockquote|pre)\s*>", re.IGNORECASE)
LINE_END = re.compile(r"</(?:li|tr)\s*>", re.IGNORECASE)
# What nobody reads: comments, Outlook's own parts among them, styles and the title of a page.
UNREAD = re.compile(r"<!--.*?-->|<(style|script|title)\b[^>]*>.*?</\1\s*>", re.I | re.S)
# Where emphasis begins, of which Odoo's conversion knows only what has no attribute.
EMPHASIS = re.compile(r"""<(b|strong|em|h[1-3])\s(?:[^<>"]|"[^"]*")*>""", re.IGNORECASE)
WORDLESS_LINK = re.compile(r"(<a\b[^>]*>)(?=<)", re.IGNORECASE)
TAG = re.compile(r"(<[^<>]*>)")
# The value of an attribute, in a tag or alone; in its first group what stands before it.
ATTRIBUTE = re.compile(r'(\s[^\s"=<>]+=")([^"]*)(?=")')
ATTRIBUTE_ALONE = re.compile(r'\s[^\s"=<>]+="[^"]*"')
# What the conversion to text may change, beside the entities: blanks together, ends of lines,
# characters that HTML does not know, and "&nbsp;" that is a text.
CHANGED = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufdd0-\ufdef\ufeff\ufffe\uffff\ud800-\udfff<>]|  "
    r"|&(?!(?:amp|lt|gt|quot|nbsp|#34|#39);)|&amp;(?:nbsp;|$)"
)
# Of what image addresses Odoo takes the name of the file.
NAMED_IMAGE = re.compile(r"^data:|\.[a-zA-Z]+(?:\?|$)")
# A text with all that is written as an entity.
PROBE = "&<>'\""
# How many forms are kept; a letter of ten conditions has a thousand.
MOST_FORMS = 500


def plain_text(page):
    """Return what an HTML page says; the lines of its paragraphs stay apart.

    Odoo's conversion breaks lines at ``</p>`` and ``<br>`` only, while its editors write ``div``,
    headings with styles and tables; it writes "None" for a link that begins with an image, and
    comments of several lines.
    """
    # re would escape what it finds in Markup
    page = UNREAD.sub("", str(page))
    page = EMPHASIS.sub(r"<\1>", page)
    page = WORDLESS_LINK.sub(r"\1 ", page)
    page = LINE_END.sub(r"\g<0><br/>", page)
    page = PARAGRAPH_END.sub(r"\g<0><br/><br/><br/>", page)
    return re.sub(r"\n{3,}", "\n\n", html2plaintext(page))


class TextPart:
    """The text part of a letter, made from the pieces of its HTML.

    The conversion of HTML to text sees the whole letter: it numbers links and joins lines. Which
    words stand somewhere makes no difference to it, as long as there are some. So each *form* of
    the letter, all but the words that differ, is converted once, with marks for them.

    :param convert: returns the text of an HTML body
    :param fixed: pieces of HTML that hold no words that differ
    :param host: what is in the marks of placeholders; who holds it is no word
    """

    def __init__(self, convert, fixed, host):
        self._convert = convert
        self._fixed = fixed
        self._host = host
        self._nonce = secrets.token_hex(8)
        self._forms = {}
        self._torn = lru_cache(4 * MOST_FORMS)(self._tear)

    def encode(self, pieces, marks):
        """Return the text as quoted-printable pieces.

        :param pieces: those of the HTML
        :param marks: what finds marks in the text; each becomes None
        """
        form, words = [], []
        for piece in pieces:
            if piece in self._fixed:
                form.append(piece)
            else:
                form_of_piece, words_of_piece = self._torn(piece)
                form += form_of_piece
                words += words_of_piece
        key = tuple(form)
        if key not in self._forms:
            if len(self._forms) >= MOST_FORMS:
                self._forms.clear()
            self._forms[key] = self._compile(form, marks)
        compiled = self._forms[key]
        if compiled is None:
            return encode(self._convert("".join(pieces)), marks)
        return [words[each] if isinstance(each, int) else each for each in compiled]

    def _tear(self, piece):
        """Return the form of a piece, None for each of its words, and the words encoded."""
        if not piece or self._host in piece:
            return [piece], []
        if ATTRIBUTE_ALONE.fullmatch(piece):
            texts = self._tear_attributes(piece)
        else:
            texts = []
            for index, text in enumerate(TAG.split(piece)):
                texts += self._tear_attributes(text) if index % 2 else self._tear_text(text)
        form, words = [], []
        for text, is_word in texts:
            form.append(None if is_word else text)
            if is_word:
                words.append(quoted_printable(html.unescape(text)))
        return form, words

    def _tear_text(self, text):
        word = text.strip()
        if not word or not self._is_word(word):
            return [(text, False)]
        begin = text.index(word)
        return [(text[:begin], False), (word, True), (text[begin + len(word) :], False)]

    def _tear_attributes(self, tag):
        texts, end = [], 0
        for match in ATTRIBUTE.finditer(tag):
            value = match[2]
            is_named = match[1].lower().endswith('src="') and NAMED_IMAGE.search(value)
            if is_named or not self._is_word(value):
                continue
            texts += ((tag[end : match.start(2)], False), (value, True))
            end = match.end(2)
        return [*texts, (tag[end:], False)]

    @staticmethod
    def _is_word(text):
        if not text or CHANGED.search(text):
            return False
        shown = html.unescape(text)
        return shown == shown.strip()

    def _compile(self, form, marks):
        """Return the text of a form in pieces, a number for each of its words.

        :return: None if it is no text of the words as they are
        """
        body, count = [], 0
        for text in form:
            if text is None:
                text = f"{self._nonce}{count}a{escape(PROBE)}{count}b{self._nonce}"
                count += 1
            body.append(text)
        text = self._convert("".join(body))
        word = re.compile(rf"{self._nonce}(\d+)a{re.escape(PROBE)}\1b{self._nonce}")
        pieces, end = [], 0
        for match in word.finditer(text):
            pieces += (*encode(text[end : match.start()], marks), int(match[1]))
            end = match.end()
        pieces += encode(text[end:], marks)
        is_whole = text.count(self._nonce) == 2 * sum(isinstance(each, int) for each in pieces)
        return pieces if is_whole else None


def encode(text, marks):
    """Return a text as quoted-printable pieces; None for each mark in it."""
    pieces = []
    for literal, mark in split(marks, text):
        if literal:
            pieces.append(quoted_printable(literal))
        if mark:
            pieces.append(None)
    return pieces
