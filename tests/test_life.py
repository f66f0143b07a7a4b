import logging
import runpy
from datetime import timedelta
from pathlib import Path

from odoo import fields
from odoo.addons.mass_mailing_campaign.hooks import installing, uninstalling
from odoo.addons.mass_mailing_campaign.hooks.conditions import NOBODY
from odoo.fields import Command
from odoo.tools import SQL

from .common import MassEmailCase


class TestUninstalling(MassEmailCase):
    def setUp(self):
        super().setUp()
        self.anna = self._contact("Anna", self.target_list)
        self.boris = self._contact("Boris", self.target_list)
        self.yesterday = fields.Datetime.now() - timedelta(days=1)
        self.mailing = self._mass_email(schedule_date=self.yesterday)

    def hand_over(self):
        with self.committing(self.env["ir.cron"]) as crons:
            uninstalling.hand_over_to_odoo(crons.env)

    def let_odoo_send(self, *mailings):
        """Run Odoo's own cron as it runs when nothing of the addon is left.

        :return: the addresses it mails
        """
        mailings = self.mailing.browse(mailing.id for mailing in mailings)
        mailings.delivery_mode = "standard"
        with self.committing(self.env["mailing.mailing"]) as queue:
            queue._process_mass_mailing_queue()
        traces = self.env["mailing.trace"].search(
            [("mass_mailing_id", "in", mailings.ids), ("mail_mail_id_int", "!=", False)]
        )
        live = traces.filtered(lambda trace: trace.trace_status != "cancel")
        return sorted(live.mapped("email"))

    def send_one(self):
        """Send to Anna alone, so that the mass email stays In Process."""
        self.set_setting("portion_size", "1")
        self.send(self.mailing)
        outcomes = self.outcomes(self.mailing)
        self.assertEqual((outcomes["Anna"], outcomes["Boris"]), ("sent", "outgoing"))

    # ------------------------------------------------------------
    # Nothing goes out
    # ------------------------------------------------------------

    def test_without_it_odoo_would_send_what_is_pending_to_the_excluded_too(self):
        self._contact("Anna's twin", self.excluding_list, email="anna@example.com")
        self.mailing.action_set_pending()
        addresses = self.let_odoo_send(self.mailing)
        self.assertEqual(addresses, ["anna@example.com", "boris@example.com"])

    def test_pending_becomes_a_draft_that_odoo_does_not_send(self):
        self.mailing.action_set_pending()
        self.hand_over()
        self.assertEqual(self.mailing.state, "draft")
        self.assertFalse(self.mailing.schedule_date)
        self.assertEqual(self.let_odoo_send(self.mailing), [])

    def test_in_process_becomes_a_draft_that_odoo_does_not_send(self):
        self.send_one()
        self.hand_over()
        self.assertEqual(self.mailing.state, "draft")
        self.assertEqual(self.let_odoo_send(self.mailing), [])

    def test_paused_inactive_and_archived_become_drafts_too(self):
        inactive = self.campaign.copy({"campaign_status": "inactive"})
        paused, archived = self._mass_email(), self._mass_email()
        of_inactive = self._mass_email(body="<p>Hello</p>", campaign_id=inactive.id)
        mailings = paused + archived + of_inactive
        mailings.action_set_pending()
        paused.action_pause()
        archived.active = False
        inactive.campaign_status = "inactive"
        self.hand_over()
        self.assertEqual(set(mailings.mapped("state")), {"draft"})

    def test_complete_mass_emails_stay_complete(self):
        self.send(self.mailing)
        body = self.mailing.body_html
        self.hand_over()
        self.assertEqual((self.mailing.state, self.mailing.body_html), ("done", body))
        self.assertEqual(set(self.outcomes(self.mailing).values()), {"sent"})

    def test_campaign_stages_are_in_the_menu_again(self):
        menu = self.env.ref("mass_mailing.menu_view_mass_mailing_stages")
        self.assertFalse(menu.active, "campaigns have a status")
        self.hand_over()
        self.assertTrue(menu.active)

    def test_standard_mailings_are_left_alone(self):
        start = fields.Datetime.now() + timedelta(days=1)
        values = {"delivery_mode": "standard", "schedule_type": "scheduled", "state": "in_queue"}
        body = "<p>{optOutUrl}</p>"
        standard = self._mass_email(body=body, body_html=body, **values | {"schedule_date": start})
        self.hand_over()
        self.assertEqual(
            (standard.state, standard.schedule_date, standard.body_html),
            ("in_queue", start.replace(microsecond=0), body),
        )

    def test_the_mass_email_and_the_server_log_say_so(self):
        self.mailing.action_set_pending()
        # Odoo calls a level of its own INFO
        with self.assertLogs(uninstalling.__name__, logging.INFO) as log:
            self.hand_over()
        self.assertIn(f"Mass email {self.mailing.id} is a draft", log.output[0])
        self.assertIn("was uninstalled", self.mailing.message_ids[0].body)

    # ------------------------------------------------------------
    # A draft that Odoo can send
    # ------------------------------------------------------------

    def test_sent_by_hand_it_reaches_who_was_waiting_and_nobody_else(self):
        self._contact("Cleo", self.target_list, email="cleo@example.com")
        self._contact("Cleo's twin", self.excluding_list, email="cleo@example.com")
        self._contact("Anna again", self.target_list, email="anna@example.com")
        self.send_one()
        self.hand_over()
        self.mailing.delivery_mode = "standard"  # with us gone, there is no other
        self.mailing.action_launch()
        self.assertEqual(self.let_odoo_send(self.mailing), ["boris@example.com"])

    def test_pending_sent_by_hand_leaves_out_who_must_not_be_mailed(self):
        self._contact("Anna's twin", self.excluding_list, email="anna@example.com")
        self.mailing.action_set_pending()
        self.hand_over()
        self.mailing.delivery_mode = "standard"  # with us gone, there is no other
        self.mailing.action_launch()
        self.assertEqual(self.let_odoo_send(self.mailing), ["boris@example.com"])

    def test_placeholders_become_links_that_odoo_knows(self):
        body = (
            f'<p><a href="{self.offer.placeholder}">offer</a>'
            '<a href="https://%7BoptOutUrl%7D">out</a><a href="{trackingUrl:999999}">gone</a></p>'
        )
        draft = self._mass_email(body=body)
        self.hand_over()
        self.assertEqual(
            draft.body_html,
            '<p><a href="https://www.example.com/offer">offer</a>'
            '<a href="/unsubscribe_from_list">out</a><a href="#">gone</a></p>',
        )
        self.assertEqual(draft.body_arch, draft.body_html)

    # ------------------------------------------------------------
    # What must be known afterwards
    # ------------------------------------------------------------

    def test_what_was_on_the_wire_when_a_server_died_is_unknown(self):
        self.send_one()
        boris = self.mailing.mailing_trace_ids.filtered(lambda trace: trace.email[0] == "b")
        boris.sudo().write({"trace_status": "process", "claim_key": "of a dead run"})
        self.hand_over()
        self.assertEqual(boris.trace_status, "error")

    def test_who_left_a_list_and_was_put_back_stays_opted_out(self):
        self.anna.subscription_ids.opt_out = True
        self.target_list.contact_ids -= self.anna
        self.target_list.contact_ids = [Command.link(self.anna.id)]
        self.hand_over()
        self.assertTrue(self.anna.subscription_ids.opt_out)
        self.assertTrue(self.anna.subscription_ids.opt_out_datetime)
        self.assertFalse(self.boris.subscription_ids.opt_out)

    def test_who_shares_the_address_of_somebody_who_left_is_opted_out(self):
        self.anna.subscription_ids.opt_out = True
        self.anna.email = self.boris.email
        self.hand_over()
        self.assertTrue(self.boris.subscription_ids.opt_out)

    def test_settings_are_forgotten(self):
        parameters = self.env["ir.config_parameter"]
        self.hand_over()
        self.assertFalse(parameters.search([("key", "=like", "mass_mailing_campaign.%")]))

    def test_all_lanes_go_with_what_they_run(self):
        self.env["ir.cron"]._set_lane_count(3)
        self.env["ir.cron"]._set_lane_count(2)
        self.hand_over()
        runs = [("code", "=", "model._cron_deliver_portions()")]
        self.assertFalse(self.env["ir.cron"].search(runs))
        self.assertFalse(self.env["ir.actions.server"].search(runs))

    def test_nobody_is_mailed_at_a_dead_address_by_odoo_either(self):
        failure = ("anna@example.com", True, "no such user", None)
        self.env["mail.blacklist"]._remove(failure[0])  # she was on it once
        self.env["mailing.address"]._receive_failures([failure])
        self.hand_over()
        self.mailing.delivery_mode = "standard"  # with us gone, there is no other
        self.mailing.action_launch()
        self.assertEqual(self.let_odoo_send(self.mailing), ["boris@example.com"])
        self.assertIn(failure[0], self.env["mail.blacklist"].search([]).mapped("email"))

    def test_favourites_that_ask_for_what_goes_go_too(self):
        def favourite(model, domain="[]", context="{}", sort="[]"):
            values = {"domain": domain, "context": context, "sort": sort}
            return self.env["ir.filters"].create({"name": "Mine", "model_id": model, **values})

        goes = (
            favourite("mailing.contact", domain="[('target_type', '=', 'lead')]")
            + favourite("mailing.mailing", context="{'group_by': ['mass_email_status']}")
            + favourite("utm.campaign", sort='["date_start desc"]')
            + favourite("mailing.trace.event")
            + favourite("crm.team", domain="[('member_ids.target_list_ids', '!=', False)]")
        )
        stays = favourite("mailing.contact", domain="[('name', '=', 'target_type of all')]")
        stays += favourite("utm.campaign", context="{'group_by': ['stage_id']}")
        stays += favourite("crm.team", domain="[('member_ids.active', '=', True)]")
        self.hand_over()
        self.assertEqual((goes + stays).exists(), stays)

    def test_mailings_of_odoos_that_ask_for_what_goes_reach_nobody(self):
        def standard(domain, state, **values):
            return self._mass_email(
                **{"delivery_mode": "standard", "schedule_date": False, "user_id": self.env.uid},
                mailing_model_id=self.env["ir.model"]._get_id("mailing.contact"),
                mailing_domain=domain,
                state=state,
                **values,
            )

        asks = "[('target_type', '=', 'plain')]"
        asking = [standard(asks, state) for state in ("draft", "in_queue", "sending", "done")]
        other = standard("[('email', '=', 'boris@example.com')]", "in_queue")
        model_id = other.mailing_model_id.id
        kept, gone = (
            self.env["mailing.filter"].create(
                {"name": "F", "mailing_model_id": model_id, "mailing_domain": domain}
            )
            for domain in (other.mailing_domain, asks)
        )
        asking[0].mailing_filter_id = gone
        self.hand_over()
        for mailing, state in zip(asking, ("draft", "draft", "draft", "done"), strict=True):
            self.assertEqual(mailing.state, state)
            self.assertFalse(mailing._get_recipients())
            self.assertIn("target_type", mailing.message_ids[0].body)
        self.assertEqual((kept + gone).exists(), kept)
        self.assertEqual(self.let_odoo_send(other), ["boris@example.com"])

    def test_leads_are_assigned_but_for_teams_that_ask_for_what_goes(self):
        asks, other = "[('is_address_dead', '=', False)]", "[('probability', '>', 20)]"
        teams = self.env["crm.team"].create(
            [{"name": domain, "assignment_domain": domain} for domain in (asks, other)]
        )
        member = self.env["crm.team.member"].create(
            {
                "crm_team_id": teams[0].id,
                "user_id": self.marketer.id,
                "assignment_domain": other,
                "assignment_domain_preferred": "[('partner_id.target_list_ids', '!=', False)]",
            }
        )
        self.hand_over()
        self.assertEqual(teams.mapped("assignment_domain"), [NOBODY, other])
        self.assertEqual(member.assignment_domain, other)
        self.assertFalse(member.assignment_domain_preferred)

    def test_odoo_knows_nothing_of_the_fields_that_it_replaces_next(self):
        self.env["mailing.address"]._receive_failures([("gone@example.com", True, "", None)])
        self.hand_over()
        self.assertEqual(len(self.env.registry._field_trigger_trees), 0)


class TestInstalling(MassEmailCase):
    def test_contacts_and_blacklist_that_are_there_have_their_addresses_on_the_wire(self):
        typed = {
            "anna@example.com": "anna@example.com",
            "иван@пример.рф": False,
            "zoe@grün.example": "zoe@xn--grn-ioa.example",
            f"{'x' * 60}@example.com": f"{'x' * 60}@example.com",
            "no address": False,
        }
        contacts = self.env["mailing.contact"].create([{"email": email} for email in typed])
        entry = self.env["mail.blacklist"].create({"email": "zoe@grün.example", "active": False})
        self.env.flush_all()
        for table in installing.ADDRESSES:
            self.env.cr.execute(SQL("UPDATE %s SET address = NULL", SQL.identifier(table)))
        self.env.cr.execute("UPDATE mailing_contact SET target_type = NULL")
        self.env.invalidate_all()
        installing.make_room(self.env)
        self.assertEqual(contacts.mapped("address")[:3], ["anna@example.com", False, False])
        installing.read_odd_addresses(self.env)
        self.assertEqual(contacts.mapped("address"), list(typed.values()))
        self.assertEqual(entry.address, "zoe@xn--grn-ioa.example")
        self.assertEqual({*contacts.mapped("target_type")}, {"plain"})


class TestUpgrading(MassEmailCase):
    def test_earlier_bounces_are_classed_by_their_words(self):
        words = {
            "550 5.1.1 no such user": ("soft", "final"),
            "552 5.2.2 mailbox full": ("hard", "temporary"),
            "554 5.7.1 spam": ("hard", "policy"),
            "": ("hard", False),
        }
        self._contacts(len(words), self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        traces = mailing.mailing_trace_ids
        traces._log_event("bounced")
        for trace, (reason, (before, _after)) in zip(traces, words.items(), strict=True):
            trace.write({"trace_status": "bounce", "failure_reason": reason})
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE mailing_trace_event SET bounce_type = %s WHERE trace_id = %s",
                (before, trace.id),
            )
        script = Path(__file__).parents[1] / "migrations/19.0.1.2.0/post-bounces.py"
        migrate = runpy.run_path(str(script))["migrate"]
        for _time in range(2):
            migrate(self.env.cr, "19.0.1.1.0")
        self.env.invalidate_all()
        for trace, (reason, (_before, after)) in zip(traces, words.items(), strict=True):
            event = self.env["mailing.trace.event"].search([("trace_id", "=", trace.id)])
            self.assertEqual((event.bounce_type, event.words), (after, reason or False))
        self.assertFalse(self.env["mailing.address"].search([]))

    def migrate(self, script):
        path = Path(__file__).parents[1] / "migrations/19.0.1.3.0" / script
        self.env.flush_all()
        for _time in range(2):
            runpy.run_path(str(path))["migrate"](self.env.cr, "19.0.1.2.0")
        self.env.invalidate_all()

    def test_earlier_mass_emails_are_named_by_campaign_and_day(self):
        raw = self._mass_email(subject="News", schedule_date="2026-05-04 10:00:00")
        raw.name = "News (Mass Mailing created on 2026-05-01)"
        own = self._mass_email(name="Roses")
        self.migrate("post-names.py")
        self.assertEqual((raw.name, own.name), ("Summer 05/04/2026", "Roses"))

    def test_earlier_mass_emails_have_their_status(self):
        mailings = self.env["mailing.mailing"].concat(
            self._mass_email(state="in_queue"),
            self._mass_email(state="sending", is_paused=True),
            self._mass_email(state="done", is_paused=True),
            self._mass_email(state="in_queue", delivery_mode="standard"),
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mailing_mailing SET mass_email_status = NULL WHERE id IN %s",
            (tuple(mailings.ids),),
        )
        self.migrate("pre-status.py")
        self.assertEqual(
            mailings.mapped("mass_email_status"), ["pending", "paused", "complete", "in_queue"]
        )
