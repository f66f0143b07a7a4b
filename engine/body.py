import html
import re
import secrets
from types import CodeType

import lxml.html
from markupsafe import escape

from .dates import written_once
from .inline import Field, NotSpliceable
from .text_part import MOST_FORMS

# A field shown as it is, with a default for when it is empty.
FIELD_TAG = re.compile(
    r'<(?P<tag>\w+)\s+t-out="(?P<path>object(?:\.\w+)+)"\s*(?:/>|>(?P<default>[^<>]*)</(?P=tag)>)'
)
# Anything else that Odoo's renderer acts on.
DIRECTIVE = re.compile(r"<t[\s/>]|\st-[\w.-]+\s*=|<[^<>]*\sgroups\s*=")


def body_in_pieces(letter):
    """Return how the body of a letter is filled in, piece by piece.

    :raise NotSpliceable: it must be rendered as a whole
    """
    try:
        return FieldsBody(letter)
    except NotSpliceable:
        return RenderedBody(letter)


class FieldsBody:
    """A body that holds nothing but fields: what they show is put between what stays.

    :ivar fixed: the pieces that are the same in each letter
    """

    is_evaluated = False

    @property
    def field_names(self):
        """The contact's own fields that it reads."""
        return [field.name for field in self._fields]

    def __init__(self, letter):
        self._nonce = secrets.token_hex(8)
        self._fields = []
        self._model = letter.env["mailing.contact"]
        body = FIELD_TAG.sub(self._mark, letter.html)
        if DIRECTIVE.search(body):
            raise NotSpliceable
        body = letter.render_source(letter.mailing, body, [1])[1]
        # whatever becomes of a mark, each must be there once, and in its place
        pieces = re.split(rf"{self._nonce}(\d+)z", body)
        if pieces[1::2] != [str(index) for index in range(len(self._fields))]:
            raise NotSpliceable
        self.fixed = pieces[::2]

    def _mark(self, match):
        self._fields.append(
            Field(self._model, match["path"], html.unescape(match["default"] or ""))
        )
        mark = f"{self._nonce}{len(self._fields) - 1}z"
        return mark if match["tag"] == "t" else f"<{match['tag']}>{mark}</{match['tag']}>"

    def fill(self, _mailing, contacts):
        """Yield the pieces of the body for each of some contacts."""
        for contact in contacts:
            pieces = [self.fixed[0]]
            for field, fixed in zip(self._fields, self.fixed[1:], strict=True):
                pieces += (str(escape(field.of(contact))), fixed)
            yield pieces


class CompiledOnce:
    """A template that Odoo's renderer compiles when it is first rendered, and never again.

    :param element: the template as lxml parsed it; compiling uses it up
    """

    # how compiled code calls a template that is no view
    _NAME = "etree._Element"

    def __init__(self, element):
        self.element = element
        self.code = None

    def is_meant(self, template):
        """Tell whether a template that shall be compiled is this one."""
        return template is self.element or (template == self._NAME and self.code is not None)

    def constants(self):
        """Return the texts that stand in the compiled code."""
        functions, _name, _options = self.code
        found, codes = set(), [function.__code__ for function in functions.values()]
        while codes:
            for constant in codes.pop().co_consts:
                if isinstance(constant, CodeType):
                    codes.append(constant)
                elif isinstance(constant, str):
                    found.add(constant)
        return found


class RenderedBody:
    """A body filled in by Odoo's renderer, which is compiled once per language.

    What is the same for everybody comes out of it as ready pieces, whatever stands around and
    between them: conditions, loops, variables.
    """

    is_evaluated = True
    # what Odoo puts around all of it
    _OPEN, _CLOSE = "<div>", "</div>"

    def __init__(self, letter):
        mailing = letter.mailing
        self._letter = letter
        self._source = letter.html
        self._templates = {}
        self._endings = {}
        self._first, self._last = {}, {}
        self.fixed = set()
        if not mailing._unrestricted_rendering:
            raise NotSpliceable
        # what needs no evaluating is filled in by Odoo in another way
        if not mailing._has_unsafe_expression_template_qweb(self._source, "mailing.contact"):
            raise NotSpliceable

    def _template(self, mailing):
        lang = mailing.env.context.get("lang")
        if lang not in self._templates:
            element = lxml.html.fragment_fromstring(self._source, create_parent="div")
            self._templates[lang] = CompiledOnce(element)
        return self._templates[lang]

    def fill(self, mailing, contacts):
        """Yield the pieces of the body for each of some contacts."""
        qweb = mailing.env["ir.qweb"]
        variables = written_once(mailing._render_eval_context())
        template = self._template(mailing)
        is_new = template.code is None
        for pieces in qweb._render_in_pieces(template, variables, contacts):
            if is_new:
                self.fixed |= {text for text in template.constants() if "<" in text}
                is_new = False
            pieces = self._inner(pieces)
            if self._letter.source.may_lack_opt_out:
                pieces = [*pieces, self._missing_opt_out(pieces)]
            yield pieces

    def _missing_opt_out(self, pieces):
        """Return the opt-out link that a body lacks: what stays the same tells whether it does."""
        host = self._letter.placeholders.host
        form = tuple(piece for piece in pieces if piece in self.fixed or host in piece)
        if form not in self._endings:
            if len(self._endings) >= MOST_FORMS:
                self._endings.clear()
            self._endings[form] = str(self._letter.source.missing_opt_out("".join(pieces)))
            self.fixed.add(self._endings[form])
        return self._endings[form]

    def _inner(self, pieces):
        """Take away what Odoo puts around, from pieces that stay the objects they are."""
        if not (pieces[0].startswith(self._OPEN) and pieces[-1].endswith(self._CLOSE)):
            return ["".join(pieces)[len(self._OPEN) : -len(self._CLOSE)]]
        pieces[0] = self._without(self._first, pieces[0], slice(len(self._OPEN), None))
        pieces[-1] = self._without(self._last, pieces[-1], slice(-len(self._CLOSE)))
        return pieces

    def _without(self, known, piece, rest):
        if piece not in known:
            known[piece] = piece[rest]
            self.fixed.add(piece[rest])
        return known[piece]
