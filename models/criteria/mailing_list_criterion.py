import ast
from types import SimpleNamespace

from psycopg2 import Error as DatabaseError
from psycopg2.errors import ForeignKeyViolation, QueryCanceled, UniqueViolation

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, UserError, ValidationError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, mute_logger
from odoo.tools.safe_eval import datetime, dateutil, safe_eval

# What a criterion asks for: who changes it answers for it.
ASKED = ("model", "kind", "domain", "filter_id")
# What the text of a domain may be made of: values, and dates relative to today.
TEXT = (ast.Expression, ast.List, ast.Tuple, ast.Constant, ast.Name, ast.Load, ast.Attribute)
TEXT += (ast.Call, ast.keyword, ast.BinOp, ast.Add, ast.Sub, ast.UnaryOp, ast.USub)
# Who asks for more than the database finds in this time must ask for less.
TIMEOUT = "60s"


class MailingListCriterion(models.Model):
    """A rule by which a target list is filled: all records of a source that fit some conditions.

    * ``add``: who fits is added, and stays;
    * ``keep``: who does not fit any more is removed, too, if a criterion brought her. Who was added
      by hand, or fits another criterion, stays.

    It asks with the rights of its author, and of whoever changed the saved filter last, so it
    finds what these may read, and nobody reads more by it. Whoever changes what it asks becomes its
    author.
    """

    _name = "mailing.list.criterion"
    _description = "Criterion of a Target List"
    _order = "list_id, id"

    list_id = fields.Many2one("mailing.list", required=True, index=True, ondelete="cascade")
    name = fields.Char()
    model = fields.Selection(
        "_select_model", "Look In", required=True, default="res.partner", help="Who may be found."
    )
    kind = fields.Selection(
        [("domain", "Conditions"), ("filter", "Saved Filter")],
        "Who Fits",
        required=True,
        default="domain",
    )
    domain = fields.Text("Conditions", required=True, default="[]")
    filter_id = fields.Many2one(
        "ir.filters",
        "Saved Filter",
        ondelete="set null",
        help="Save one with the star in a search box. When it changes, this criterion changes.",
    )
    mode = fields.Selection(
        [("add", "Add"), ("keep", "Keep Equal")],
        required=True,
        default="add",
        help="Add: who fits is added, and stays.\n"
        "Keep Equal: who does not fit any more is removed, unless she was added by hand.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Author",
        default=lambda self: self.env.user,
        ondelete="set null",
        help="Only whom the author may read is found.",
    )
    sync_date = fields.Datetime("Last Sync", readonly=True, copy=False)
    error = fields.Text(readonly=True, copy=False, help="Why this criterion does not work.")
    added_count = fields.Integer("Added", readonly=True, copy=False)
    removed_count = fields.Integer("Removed", readonly=True, copy=False)
    already_count = fields.Integer("Already There", readonly=True, copy=False)
    without_address_count = fields.Integer(
        "Without Address", readonly=True, copy=False, help="Of those added."
    )
    left_before_count = fields.Integer(
        "Left Before", readonly=True, copy=False, help="Of those added; they stay opted out."
    )

    @api.model
    def _select_model(self):
        names = self.env["ir.model"].sudo()
        sources = [*self.env["mailing.contact"]._sources(), "mailing.contact"]
        return [(model, names._get(model).name) for model in sources]

    @api.depends("name", "model", "kind", "filter_id")
    def _compute_display_name(self):
        models = dict(self._select_model())
        for criterion in self:
            filter_name = criterion.kind == "filter" and criterion.filter_id.sudo().name
            model_name = models.get(criterion.model, criterion.model)
            criterion.display_name = criterion.name or filter_name or model_name

    @api.onchange("model")
    def _onchange_model(self):
        self.domain = "[]"
        self.filter_id = False

    # ------------------------------------------------------------
    # Author
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        criteria = super().create(vals_list)
        criteria._check_author()
        criteria._check_works()
        return criteria

    def write(self, vals):
        if not self.env.su and "list_id" in vals and self.list_id.ids != [vals["list_id"]]:
            raise UserError(self.env._("A criterion stays with its target list."))
        asks = not vals.keys().isdisjoint(ASKED)
        if asks or "user_id" in vals:
            vals = {"sync_date": False, **vals}  # of what it asks now there was no sync
        if asks and not self.env.su:
            vals = {"user_id": self.env.uid, **vals}
        result = super().write(vals)
        if "user_id" in vals:
            self._check_author()
        if asks or "user_id" in vals:
            self._check_works()
        return result

    def _check_author(self):
        """Nobody but who manages access rights lets a criterion ask in another's name."""
        if not self.env.is_admin() and self.user_id != self.env.user:
            raise AccessError(self.env._("The author of a criterion is who writes it down."))

    def action_take_over(self):
        """Answer for it from now on, for example because its author has left."""
        self.write({"user_id": self.env.uid})

    # ------------------------------------------------------------
    # Who fits
    # ------------------------------------------------------------

    def _check_works(self):
        for criterion in self:
            if reason := criterion._attempt(criterion._count):
                raise ValidationError(reason)
            criterion.sudo().error = False

    def _attempt(self, ask, *args):
        """Ask the database something, and take it back if that does not work.

        :return: why it does not work, in words; None if it does
        """
        self.ensure_one()
        cr = self.env.cr
        try:
            with mute_logger("odoo.sql_db"), cr.savepoint():
                cr.execute(SQL("SELECT set_config('statement_timeout', %s, TRUE)", TIMEOUT))
                ask(*args)
                cr.execute("SET LOCAL statement_timeout TO DEFAULT")
        except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError):
            raise
        except (ForeignKeyViolation, UniqueViolation) as error:
            # a record was deleted or made meanwhile
            raise ConcurrencyError(str(error)) from error
        except Exception as error:
            if cr.closed:
                raise
            self.env.invalidate_all(flush=False)
            return self._describe(error)
        return None

    def _describe(self, error):
        author = self.user_id.sudo()
        env = self.with_context(lang=author.lang or self.env.lang).env
        if isinstance(error, AccessError):
            return env._("%s may not read what it asks for.", author.name)
        if isinstance(error, UserError):
            return str(error)
        if isinstance(error, QueryCanceled):
            return env._("It takes too long. Ask for less.")
        if isinstance(error, DatabaseError):
            return env._("The database refuses its conditions.")
        return env._("Its conditions do not work: %s", str(error).partition("\n")[0])

    def _as_author(self):
        """Return this criterion as its author sees it, in all of the author's companies."""
        author = self.user_id.sudo()
        if not author:
            raise UserError(self.env._("Its author is gone. Somebody has to take it over."))
        if not author.active and author.id != SUPERUSER_ID:
            raise UserError(
                self.env._(
                    "%s, its author, is archived. Somebody has to take it over.", author.name
                )
            )
        context = self.with_user(author).env["res.users"].context_get()
        return self.with_env(self.env(user=author.id, context=context, su=False))

    def _fitting_domain(self):
        """Return the domain of the records that fit.

        To be called, and asked, as the author. What somebody else made of a saved filter is asked
        with the rights of both.
        """
        if self.model not in dict(self._select_model()):
            raise UserError(self.env._("“%s” is not installed any more.", self.model))
        if self.kind == "domain":
            return self._evaluate(self.domain)
        saved = self.filter_id
        if not saved:
            raise UserError(self.env._("Its saved filter is deleted."))
        saved.check_access("read")
        if saved.model_id != self.model:
            raise UserError(self.env._("Its saved filter is for something else."))
        return self._found_by_other(self._evaluate(saved.domain))

    def _found_by_other(self, domain):
        """Return the domain of those records of a domain that who changed its filter may read."""
        other = self.kind == "filter" and self.filter_id.sudo().write_uid
        if not other or other == self.user_id:
            return domain
        try:
            found = self.env[self.model].with_user(other)._search(domain)
        except AccessError as error:
            raise UserError(
                self.env._(
                    "%s changed its saved filter, and may not read what that asks for.",
                    other.name,
                )
            ) from error
        return domain & Domain("id", "in", found)

    def _evaluate(self, text):
        """Return the domain that a text says, with the names that Odoo's client knows.

        Nothing that does something is within reach, for any user may write such a text.
        """
        today = fields.Date.context_today(self)
        now = fields.Datetime.context_timestamp(self, fields.Datetime.now())
        names = {
            "uid": self.env.uid,
            "allowed_company_ids": self.env.companies.ids,
            "current_company_id": self.env.company.id,
            "context_today": lambda: today,
            "today": str(today),
            "current_date": str(today),
            "now": fields.Datetime.to_string(now),
            "datetime": datetime,
            "relativedelta": dateutil.relativedelta.relativedelta,
            "time": SimpleNamespace(strftime=now.strftime),
            "true": True,
            "false": False,
        }
        for node in ast.walk(ast.parse(text.strip(), mode="eval")):
            if not isinstance(node, TEXT):
                raise ValueError(ast.unparse(node))
            if isinstance(node, ast.Name) and node.id not in names:
                raise ValueError(node.id)
        return Domain(safe_eval(text, names))

    def _count(self):
        mine = self._as_author()
        return mine.env[mine.model].search_count(mine._fitting_domain())
