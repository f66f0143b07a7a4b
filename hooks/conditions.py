"""What others made that asks for fields of this addon, when these go."""

import re

from odoo.tools import SQL

# A field of related records, as it stands in a domain or a context.
PATH = re.compile(r"""['"](\w+(?:\.\w+)+)""")
NOBODY = "[('id', '=', False)]"


def put_away_what_asks_for_us(env):
    """Delete favourites, and switch off rules of automation and recycling, that ask for what goes.

    Odoo leaves them, and lists would not open, records not be saved, its cron fail because of them.
    """
    asks = _asking(env)
    favourites = env["ir.filters"].with_context(active_test=False)
    favourites.search([]).filtered(
        lambda each: asks(each.model_id, f"{each.domain}{each.context}{each.sort}")
    ).unlink()
    if "base.automation" in env:
        env["base.automation"].search([]).filtered(
            lambda each: asks(
                each.model_name,
                f"{each.filter_pre_domain}{each.filter_domain}{each.trigger_field_ids.mapped('name')}",
            )
        ).active = False
    if "data_recycle.model" in env:
        env["data_recycle.model"].search([]).filtered(
            lambda each: asks(each.res_model_name, each.domain or "")
        ).active = False
    _have_nobody_asked_for(env, asks)
    _have_no_leads_asked_for(env, asks)


def _asking(env):
    """Return what tells whether a domain, context or order of a model asks for fields that go."""
    going = dict(
        env.execute_query(
            SQL(
                """
                SELECT model, ARRAY_AGG(name::text) FROM ir_model_fields
                 WHERE id IN (SELECT res_id FROM ir_model_data WHERE model = 'ir.model.fields'
                               GROUP BY res_id HAVING BOOL_AND(module = 'mass_mailing_campaign'))
                 GROUP BY model
                """
            )
        )
    )
    # a model whose id goes, goes as a whole
    own = {
        model: re.compile(
            "" if "id" in names else rf"""['".]({"|".join(names)})( asc| desc)?['".:]"""
        )
        for model, names in going.items()
    }

    def leads_there(model, path):
        for name in path.split("."):
            if name in going.get(model, ()):
                return True
            field = model in env and env[model]._fields.get(name)
            model = field and field.comodel_name
        return False

    def asks(model, text):
        return bool(model in own and own[model].search(text)) or any(
            leads_there(model, path) for path in PATH.findall(text)
        )

    return asks


def _have_nobody_asked_for(env, asks):
    """Let mailings of Odoo's that choose recipients by fields which go reach nobody.

    Those in line are drafts from then on: Odoo's cron would fail because of them, and not send any.
    """
    filters = env["mailing.filter"].with_context(active_test=False)
    filters.search([]).filtered(
        lambda each: asks(each.mailing_model_name, each.mailing_domain or "")
    ).unlink()
    standard = env["mailing.mailing"].with_context(active_test=False)
    for mailing in standard.search([("delivery_mode", "=", "standard")]):
        asked = mailing.mailing_domain or ""
        if not asks(mailing.mailing_model_real, asked):
            continue
        reader = mailing.with_context(lang=mailing.user_id.lang)
        mailing._message_log(
            body=reader.env._(
                "Mass Mailing Campaigns was uninstalled, and with it what the recipients of this "
                "mailing were chosen by. Choose them anew. It was: %s",
                asked,
            )
        )
        mailing.mailing_domain = NOBODY
        if mailing.state in ("in_queue", "sending"):
            mailing.action_cancel()


def _have_no_leads_asked_for(env, asks):
    """Let sales teams that choose leads by fields which go, and their members, get none by them.

    Odoo's cron would fail because of them, and assign no lead to anybody.
    """
    for model, name, instead in (
        ("crm.team", "assignment_domain", NOBODY),
        ("crm.team.member", "assignment_domain", NOBODY),
        ("crm.team.member", "assignment_domain_preferred", False),
    ):
        records = env[model].with_context(active_test=False).search([(name, "!=", False)])
        records.filtered(lambda each, name=name: asks("crm.lead", each[name]))[name] = instead
