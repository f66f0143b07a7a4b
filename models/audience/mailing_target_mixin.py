from odoo import api, models


class MailingTargetMixin(models.AbstractModel):
    """A source of targets: a model whose records can be members of target lists.

    A model joins in by inheriting this and naming the fields below, and by giving
    ``mailing.contact`` a many2one to itself with a unique index, and a target type.
    """

    _name = "mailing.target.mixin"
    _description = "Source of Targets"

    # of mailing.contact: the many2one that names the record a target stands for
    _target_field = None
    _target_type = None
    # of this model: what the target type depends on; and of each the first that is filled counts
    _target_type_fields = ()
    _target_name_fields = ("name",)
    _target_email_fields = ("email",)
    _target_company_fields = ()

    def _get_target_type(self):
        """Return the target type of those who stand for this record."""
        return self._target_type

    def _first_filled(self, names):
        return next((self[name] for name in names if self[name]), False)

    @api.ondelete(at_uninstall=False)
    def _unlink_target(self):
        """Delete the target with its record; the database alone would forget its opt-outs."""
        self.env["mailing.contact"]._unlink_for(self)
