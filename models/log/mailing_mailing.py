from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...engine.pixel import INERT_PIXEL
from ...engine.replica import read_from_replica
from ..response.mailing_trace_event import BY_PEOPLE


class MailingMailing(models.Model):
    """Where in the letter of a mass email people clicked."""

    _inherit = "mailing.mailing"

    @read_from_replica
    def get_click_map(self):
        """Return the letter as a member reads it, and how many people clicked its links.

        Nothing in it tracks: links lead to ``#link-ID``, by which they are found. A tracking URL
        that stands twice has one figure, for the log knows no places.

        :return: ``{"page", "sent", "people"}``, people by id of the tracking URL; page is False
            when there is nobody to show the letter to, or it cannot be filled in
        """
        self.ensure_one()
        self.check_access("read")
        lines = self.env["mailing.trace.event"]
        scope = BY_PEOPLE & Domain("mailing_id", "=", self.id)
        people = lines._read_group(
            scope & Domain("event_type", "=", "clicked"), ["link_id"], ["__count"]
        )
        return {
            "page": self._sample_page(),
            "sent": lines.search_count(scope & Domain("event_type", "=", "sent")),
            "people": {link.id: count for link, count in people if link},
        }

    def _sample_page(self):
        contact = self._sample_contact()
        if not contact:
            return False
        try:
            # as it is sent: by the cron, whatever this user may read
            letter = self.sudo()._letter()
            body = letter.render_body(letter.html, contact.ids)[contact.id]
        except UserError:
            return False
        urls = {f"link/{link_id}": f"#link-{link_id}" for link_id in letter.placeholders.link_ids}
        urls |= {"opt-out": "#opt-out", "view": "#view", "open": INERT_PIXEL}
        return str(letter.placeholders.fill(letter.page(body), urls))
