from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class MailingTargetMixin(models.AbstractModel):
    """A source of targets: a model whose records can be members of target lists.

    A model joins in by inheriting this and naming the fields below, and by giving
    ``mailing.contact`` a many2one to itself with a unique index, and a target type.
    """

    _name = "mailing.target.mixin"
    _description = "Source of Targets"

    # of mailing.contact: the many2one that names the record a target stands for
    _target_field = None
    # target types, each with the domain of whom it is for; the first that fits counts
    _target_types = {}
    # of this model, stored or related; of each the first that is filled counts
    _target_name_fields = ("name",)
    _target_email_fields = ("email",)
    _target_company_fields = ()
    # list to select targets from: who it is, and the address; without, the model's own
    _target_selection_view = None

    @property
    def _target_type_fields(self):
        return [
            condition.field_expr
            for domain in self._target_types.values()
            for condition in Domain(domain).iter_conditions()
        ]

    def _get_target_type(self):
        """Return the target type of those who stand for this record."""
        return next(
            target_type
            for target_type, domain in self._target_types.items()
            if self.filtered_domain(domain)
        )

    @api.model
    def _target_types_apart(self):
        """Return ``{target type: domain}`` with domains that no record fits two of."""
        apart, others = {}, Domain.TRUE
        for target_type, domain in self._target_types.items():
            apart[target_type] = others & Domain(domain)
            others &= ~Domain(domain)
        return apart

    def _first_filled(self, names):
        return next((self[name] for name in names if self[name]), False)

    @api.model
    def _target_columns(self, query):
        """Return ``{column: SQL}`` of what targets take from the records of a query.

        As superuser, for whoever may read a record may know these fields of it.
        """
        return {
            "name": self._first_filled_sql(self._target_name_fields, query),
            "email": self._first_filled_sql(self._target_email_fields, query),
            "company_name": self._first_filled_sql(self._target_company_fields, query),
            "target_type": self._target_type_sql(query),
        }

    def _first_filled_sql(self, names, query):
        values = (self.sudo()._field_to_sql(query.table, name, query) for name in names)
        return SQL(
            "COALESCE(%s)",
            SQL(", ").join([*(SQL("NULLIF(%s, '')", v) for v in values), SQL("NULL")]),
        )

    def _target_type_sql(self, query):
        model = self.sudo()
        cases = [
            SQL(
                "WHEN %s THEN %s",
                Domain(domain).optimize_full(model)._to_sql(model, query.table, query),
                target_type,
            )
            for target_type, domain in self._target_types.items()
        ]
        return SQL("CASE %s END", SQL(" ").join(cases))

    @api.ondelete(at_uninstall=False)
    def _unlink_target(self):
        """Delete the target with its record; the database alone would forget its opt-outs."""
        self.env["mailing.contact"]._unlink_for(self)
