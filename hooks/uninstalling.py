import html
import logging
from collections import defaultdict

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG
from odoo.tools import SQL

from ..delivery.address import wire_address
from ..delivery.placeholders import Placeholders
from ..engine import stock_words
from .conditions import put_away_what_asks_for_us

_logger = logging.getLogger(__name__)

# What Odoo calls what we call target lists and targets.
ODOO_NAMES = {
    "mass_mailing_mailing_list_menu": "Mailing Lists",
    "menu_email_mass_mailing_lists": "Mailing Lists",
    "menu_email_mass_mailing_contacts": "Mailing List Contacts",
    "action_view_mass_mailing_lists": "Mailing Lists",
    "action_view_mass_mailing_contacts": "Mailing List Contacts",
}


def hand_over_to_odoo(env):
    """Put what only this addon understands into Odoo's own words, before it is uninstalled.

    Nothing goes out by that, and nobody who must not be mailed is mailed because of it. The
    setting "Mailing Campaigns" stays ticked, for the campaigns stay.
    """
    env["mailing.journal.run"]._end_dead()
    mass_emails = (
        env["mailing.mailing"]
        .with_context(active_test=False)
        .search([("delivery_mode", "=", "portions"), ("state", "!=", "done")])
    )
    _take_out_of_line(mass_emails.filtered("is_under_way"))
    for mass_email in mass_emails:
        _translate_placeholders(mass_email.with_context(lang=mass_email.user_id.lang))
    _keep_opt_outs(env)
    _keep_dead_addresses(env)
    _keep_erased_addresses(env)
    _close_lanes(env)
    env.ref("mass_mailing.menu_view_mass_mailing_stages").active = True
    for name, label in ODOO_NAMES.items():
        env.ref(f"mass_mailing.{name}").name = label
    env.ref("mass_mailing.group_mass_mailing_user").write({"name": "User", "comment": False})
    stock_words.use_odoos(env)
    put_away_what_asks_for_us(env)
    _delete_demo(env)
    parameters = env["ir.config_parameter"].with_context(**{MODULE_UNINSTALL_FLAG: True})
    parameters.search([("key", "=like", "mass_mailing_campaign.%")]).unlink()
    _forget_fields(env)


def _forget_fields(env):
    """Have Odoo learn anew what depends on what, for it puts other field objects in place of ours.

    It would go by what was learnt here, recompute a field that it has replaced, and keep the record
    that it deletes, with its external id.
    """
    env.flush_all()
    env.registry._discard_fields([])


def _delete_demo(env):
    """Uninstalling deletes it anyway, and by then cannot compute the stored status any more."""
    demo = env["ir.model.data"].search(
        [("module", "=", "mass_mailing_campaign"), ("model", "=", "mailing.mailing")]
    )
    mass_emails = env["mailing.mailing"].with_context(**{MODULE_UNINSTALL_FLAG: True})
    mass_emails.browse(demo.mapped("res_id")).exists().unlink()


def _take_out_of_line(mass_emails):
    """Make drafts of mass emails, or Odoo's own cron would send them, at once and to everybody.

    Who is not to be mailed keeps her row in the queue, and so does who was mailed: Odoo passes
    them over when a user sends the draft one day. Who waits has none, as in any draft.
    """
    for mass_email in mass_emails:
        _delete_waiting(mass_email)
        mass_email._build_queue()
        _delete_waiting(mass_email)
        reader = mass_email.with_context(lang=mass_email.user_id.lang)
        mass_email._message_log(
            body=reader.env._(
                "Mass Mailing Campaigns was uninstalled: this mass email does not go out any more "
                "and is a draft. Sent from here, it goes at once to all who were still waiting."
            )
        )
        _logger.info("Mass email %s is a draft from now on", mass_email.id)
    mass_emails.write({"state": "draft", "schedule_type": "now", "schedule_date": False})


def _delete_waiting(mass_email):
    """Delete the rows of who waits, and of who shares an address: Odoo sees to that itself.

    Raw SQL: they may be a million.
    """
    mass_email.env.flush_all()
    mass_email.env.cr.execute(
        SQL(
            """
            DELETE FROM mailing_trace
             WHERE mass_mailing_id = %s AND token IS NOT NULL
               AND (trace_status = 'outgoing'
                    OR trace_status = 'cancel' AND failure_type = 'mail_dup')
            """,
            mass_email.id,
        )
    )
    mass_email.env.invalidate_all()


def _translate_placeholders(mass_email):
    """Write the links that Odoo's own sending knows in place of our placeholders."""
    for name in ("body_arch", "body_html"):
        placeholders = Placeholders()
        body = placeholders.mark(mass_email[name] or "", mass_email.env._("Unsubscribe"))
        if placeholders.has_opt_out or placeholders.link_ids:
            links = mass_email.env["link.tracker"].browse(placeholders.link_ids).exists()
            urls = {f"link/{link.id}": html.escape(link.url) for link in links}
            urls["opt-out"] = "/unsubscribe_from_list"
            missing = dict.fromkeys(placeholders.marks.values(), "#")
            mass_email[name] = placeholders.fill(body, missing | urls)


def _keep_opt_outs(env):
    """Opt out again who left a list and was put back on it without opting in."""
    env["mailing.list"].with_context(active_test=False).search([])._show_opt_outs()


def _keep_dead_addresses(env):
    """Blacklist dead addresses: Odoo knows no other way of not mailing them."""
    dead = env["mailing.address"].search([("dead_datetime", "!=", False)])
    env["mail.blacklist"].create([{"email": address} for address in dead.mapped("address")])


def _keep_erased_addresses(env):
    """Blacklist erased addresses that are there again, and those that other records still have.

    No address can be read from what is kept of it, so the others cannot be handed over: who is
    imported after this is mailed by Odoo, and by this addon if it is installed again.
    """
    erased = env["mailing.erased.address"]
    if not erased.search_count([], limit=1):
        return
    by_address = defaultdict(set)
    for model in env["ir.model"].search([("is_mail_blacklist", "=", True)]):
        if model.model in env and not env[model.model]._abstract:
            records = env[model.model].with_context(active_test=False)
            for (email,) in records._read_group(
                [("email_normalized", "!=", False)], ["email_normalized"]
            ):
                by_address[wire_address(email)].add(email)
    by_address.pop(None, None)
    found = erased._among(by_address)
    env["mail.blacklist"].create(
        [{"email": email} for address in sorted(found) for email in sorted(by_address[address])]
    )


def _close_lanes(env):
    """Delete the crons that send with what they run, for Odoo would leave that of copies."""
    actions = env["ir.actions.server"].search([("code", "=", "model._cron_deliver_portions()")])
    crons = env["ir.cron"].with_context(active_test=False)
    crons.search([("ir_actions_server_id", "in", actions.ids)]).unlink()
    actions.unlink()
