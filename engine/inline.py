import ast
import re

from odoo.tools import safe_eval
from odoo.tools.rendering_tools import parse_inline_template

from .dates import written_once

FIELD_PATH = re.compile(r"object(?:\.\w+)+")
# names that no author uses
RECORDS, FILLED = "mass_email_contacts", "mass_email_values"
SHOWN_AS_THEY_ARE = {"char", "text", "selection", "date", "datetime"}


class NotSpliceable(Exception):
    """The letter needs Odoo's renderer for every recipient."""


class Field:
    """A field that is shown as it is, with a default for when it is empty.

    :param path: as in a template, ``object.partner_id.name``
    :raise NotSpliceable: there is no such field, or it shows as something else
    """

    def __init__(self, model, path, default):
        self._names = path.split(".")[1:]
        self._default = default
        for name in self._names:
            field = model._fields.get(name)
            if not field:
                raise NotSpliceable
            model = model.env[field.comodel_name] if field.relational else model
        if field.type not in SHOWN_AS_THEY_ARE:
            raise NotSpliceable

    @property
    def name(self):
        """The contact's own field that it begins with."""
        return self._names[0]

    def of(self, record):
        for name in self._names:
            record = record[name]
        return str(record or self._default)


class Inline:
    """A line with ``{{ }}`` in it, filled in for many contacts at once.

    Expressions are evaluated as ``mail.render.mixin`` does it, though compiled once for all of the
    contacts; fields are just read.

    :raise NotSpliceable: Odoo's renderer would not take it, or not evaluate it
    """

    def __init__(self, mailing, source):
        self._parts = parse_inline_template(source)
        self._fields = self._only_fields(mailing)
        if self.is_evaluated:
            self._compile(mailing, source)

    @property
    def is_evaluated(self):
        """Whether there is more to do than to read fields."""
        return self._fields is None

    @property
    def field_names(self):
        """The contact's own fields that it reads, where nothing is evaluated."""
        return [field.name for field in self._fields if field]

    def _only_fields(self, mailing):
        if any(each and not FIELD_PATH.fullmatch(each) for _literal, each, _default in self._parts):
            return None
        model = mailing.env["mailing.contact"]
        try:
            return [each and Field(model, each, default) for _literal, each, default in self._parts]
        except NotSpliceable:
            return None

    def _compile(self, mailing, source):
        is_unsafe = mailing._has_unsafe_expression_template_inline_template
        if not mailing._unrestricted_rendering or not is_unsafe(source, "mailing.contact"):
            raise NotSpliceable
        values = ""
        for _literal, expression, _default in self._parts:
            if expression:
                try:
                    ast.parse(expression, mode="eval")
                except (SyntaxError, ValueError):
                    raise NotSpliceable from None
                # a comment ends with its line
                values += f"({expression}\n),"
        # a name of the block is known in lambdas, too; none of a function would be
        self._code = f"for object in {RECORDS}:\n    {FILLED}.append(({values}))"

    def fill(self, mailing, contacts):
        """Return the line for each of some contacts."""
        if not self.is_evaluated:
            return [self._fill([field and field.of(c) for field in self._fields]) for c in contacts]
        filled = []
        variables = written_once(mailing._render_eval_context())
        variables |= {RECORDS: contacts, FILLED: filled}
        safe_eval.safe_eval(self._code, variables, mode="exec")
        lines = [self._with_defaults(values) for values in filled]
        return [self._post_process(mailing, line) for line in lines]

    def _with_defaults(self, values):
        values = iter(values)
        return self._fill(
            [
                str(next(values) or default) if expression else None
                for _literal, expression, default in self._parts
            ]
        )

    def _fill(self, values):
        return "".join(
            literal + (value or "")
            for (literal, _expression, _default), value in zip(self._parts, values, strict=True)
        )

    @staticmethod
    def _post_process(mailing, line):
        if "<" not in line:
            return line
        return mailing._render_template_postprocess("mailing.contact", {0: line})[0]
