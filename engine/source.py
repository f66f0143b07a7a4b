import html

from markupsafe import Markup

from odoo.tools.mail import append_content_to_html

from .inspection import is_shown


class Source:
    """The HTML of a letter before it is filled in: placeholders marked, an opt-out link in it.

    :param marks: the ``Placeholders`` of the letter
    :ivar str html: the source, personal values still in it
    """

    def __init__(self, mailing, marks):
        self._marks = marks
        self._opt_out = Markup()  # where a condition may leave out the author's
        self.html = self._marked(mailing)

    def _marked(self, mailing):
        marks = self._marks
        source = mailing._prepend_preview(mailing.body_html or "", mailing.preview)
        base_url = mailing.env["ir.config_parameter"]._public_url()
        source = str(mailing._replace_local_links(source, base_url))
        label = self._label_of_recipient(mailing)
        # the links of Odoo's own themes
        source = source.replace(f'{base_url}/unsubscribe_from_list"', '{optOutUrl}"')
        source = source.replace(f'{base_url}/view"', f'{marks.view}"')
        source = marks.mark(source, label)
        if mailing._is_opt_out_mandatory() and not self.shows_opt_out(source, to_everybody=True):
            link = f'<p><a href="{marks.opt_out}">%s</a></p>'
            if not self.shows_opt_out(source):
                return append_content_to_html(source, Markup(link % label), plaintext=False)
            self._opt_out = Markup(link % self._label(mailing))
        return source

    @staticmethod
    def _label(mailing):
        return html.escape(mailing.env._("Unsubscribe"))

    def _label_of_recipient(self, mailing):
        """Return the label in the language that a mass email says its recipients read."""
        own = self._label(mailing)
        labels = {
            code: self._label(mailing.with_context(lang=code))
            for code, _name in mailing.env["res.lang"].get_installed()
        }
        if not mailing.lang or set(labels.values()) == {own}:
            return own
        words = [
            f"""<t t-{"elif" if index else "if"}="env.lang == '{code}'">{label}</t>"""
            for index, (code, label) in enumerate(labels.items())
        ]
        return "".join([*words, f'<t t-else="">{own}</t>'])

    def shows_opt_out(self, source, to_everybody=False):
        """Tell whether who reads a marked source finds the opt-out link in it."""
        marks = self._marks
        return marks.has_opt_out and is_shown(marks.opt_out, source, to_everybody)

    @property
    def may_lack_opt_out(self):
        """Whether a condition may leave out the opt-out link, which is due to everybody."""
        return bool(self._opt_out)

    def missing_opt_out(self, body):
        """Return the opt-out link that a rendered body lacks, to stand behind it."""
        if not self._opt_out or self.shows_opt_out(body):
            return Markup()
        return self._opt_out
