import logging

from odoo import models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)


class MailingTraceEvent(models.Model):
    """What was sent is stored on the record it was meant for, where its mass email says so."""

    _inherit = "mailing.trace.event"

    def _after_event(self, event_type):
        result = super()._after_event(event_type)
        if event_type == "sent":
            stored = Domain("mailing_id.keep_archives", "=", True) & Domain("is_test", "=", False)
            self.sudo().search(Domain("id", "in", self.ids) & stored)._store_letters()
        return result

    def _store_letters(self):
        """Store the letters that these lines tell of; one that fails is no reason not to settle."""
        for mailing, lines in self.grouped("mailing_id").items():
            try:
                with self.env.cr.savepoint():
                    mailing._store_letters(lines.contact_id)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception:
                _logger.exception("Letters of mass email %s are not stored", mailing.id)
