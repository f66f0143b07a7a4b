from odoo import api, models
from odoo.tools import SQL

from ..settings.ir_config_parameter import PREFIX

KEY = PREFIX + "sending_database"


class IrConfigParameter(models.Model):
    """Which database sends: by this a copy of it knows that it is another one."""

    _inherit = "ir.config_parameter"

    @api.model
    def _identity(self):
        """Return by what this database differs from all it was, or will be, copied to.

        Odoo gives a copy another UUID, but not one that is restored, nor one that PostgreSQL's own
        programs made: so the place counts, too.
        """
        [(database, may_ask)] = self.env.execute_query(
            SQL(
                """
                SELECT oid, has_function_privilege('pg_control_system()', 'EXECUTE')
                  FROM pg_database WHERE datname = current_database()
                """
            )
        )
        server = "a server"
        if may_ask:  # some hosts do not let everybody
            [(server,)] = self.env.execute_query(
                SQL("SELECT system_identifier FROM pg_control_system()")
            )
        return f"{self.sudo().get_param('database.uuid')}/{server}/{database}"

    @api.model
    def _is_copy(self):
        """Tell whether it was another database that sent before; None while none did."""
        before = self.sudo().get_param(KEY)
        return before != self._identity() if before else None

    @api.model
    def _note_sending_database(self):
        """It is this database that sends from now on."""
        self.sudo().set_param(KEY, self._identity())
