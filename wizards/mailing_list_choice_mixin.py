from contextlib import contextmanager

from psycopg2.errors import ForeignKeyViolation

from odoo import api, models
from odoo.exceptions import MissingError
from odoo.tools import mute_logger


class MailingListChoiceMixin(models.AbstractModel):
    """Wizards in which target lists are chosen: one may be deleted while they are open."""

    _name = "mailing.list.choice.mixin"
    _description = "Choice of Target Lists"

    @api.model_create_multi
    def create(self, vals_list):
        with self._telling_of_deleted():
            return super().create(vals_list)

    def write(self, vals):
        with self._telling_of_deleted():
            return super().write(vals)

    @contextmanager
    def _telling_of_deleted(self):
        """Raise in the user's words if what is written names a list that is not there any more."""
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                yield
        except (ForeignKeyViolation, MissingError) as error:
            raise self.env["mailing.list"]._deleted_meanwhile() from error
