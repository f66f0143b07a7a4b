from datetime import timedelta

from odoo import fields
from odoo.addons.mass_mailing_campaign.hooks import uninstalling
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from ...common import MassEmailCase

HERS = "anna@her-own.example"


class TestErasing(MassEmailCase):
    def setUp(self):
        super().setUp()
        self.set_setting("keep_hits", "True")
        self.erased = self.env["mailing.erased.address"]
        self.anna = self._contact("Anna", self.target_list, email="Anna <Anna@Her-Own.example>")
        self._contact("Boris", self.target_list)

    def erase(self, address=HERS):
        self.erased._erase(address)
        self.env.invalidate_all()

    def import_again(self, *lists):
        return self._contact("Anna", *(lists or [self.target_list]), email="ANNA@her-own.example")

    def busy_life(self):
        """A mass email of which everything is known that can be known of Anna."""
        mailing = self._mass_email()
        self.send(mailing)
        trace = mailing.mailing_trace_ids.sudo().filtered(lambda each: each.email == HERS)
        trace.sent_datetime -= timedelta(hours=1)
        trace._receive_open()
        for link in (self.offer, self.demo):
            trace._receive_click(link.code)
        self.env["mailing.trace"].sudo()._receive_hit(
            trace.token, self.offer.id, ip="203.0.113.7", user_agent="Anna's Browser"
        )
        trace._receive_opt_out()
        reason = self.env.ref("mass_mailing.mailing_subscription_optout_data_5", False)
        reason = reason or self.env["mailing.subscription.optout"].search([], limit=1)
        reason.is_feedback = True
        trace._receive_reason(reason, "Anna says anna@her-own.example has had enough")
        trace._receive_opt_out_of_all()
        trace._receive_bounce("final", f"<{HERS}>: no such user", True)
        return mailing, trace

    def figures(self, mailing):
        self.env.invalidate_all()
        names = ["member_count", "cancelled_count", "queued_count", "sent_count", "failed_count"]
        names += ["unknown_count", "waiting_count", "opened", "replied", "bounced", "clicks_ratio"]
        events = self.env["mailing.trace.event"]._read_group(
            [("mailing_id", "=", mailing.id)], ["event_type"], ["__count"]
        )
        people = (self.offer.people_count, self.demo.people_count, self.campaign.click_count)
        return mailing.read(names), sorted(events), people

    def places_of(self, *words):
        """Tables and columns in which a text stands, in any spelling."""
        self.env.flush_all()
        columns = self.env.execute_query(
            SQL(
                """
                SELECT table_name, column_name FROM information_schema.columns
                 WHERE table_schema = 'public' AND data_type IN ('character varying', 'text')
                   AND table_name IN (SELECT table_name FROM information_schema.tables
                                       WHERE table_type = 'BASE TABLE')
                """
            )
        )
        return {
            f"{table}.{column}"
            for table, column in columns
            for word in words
            if self.env.execute_query(
                SQL(
                    "SELECT 1 FROM %s WHERE %s ILIKE %s LIMIT 1",
                    SQL.identifier(table),
                    SQL.identifier(column),
                    f"%{word}%",
                )
            )
        }

    def test_figures_stay_and_nothing_else(self):
        mailing, _trace = self.busy_life()
        self.anna._message_log(body=f"A note about {HERS}")
        words = (HERS, "Anna's Browser", "203.0.113.7", "has had enough")
        self.assertIn("mailing_trace_hit.user_agent", self.places_of(*words))
        before = self.figures(mailing)
        self.erase()
        self.assertEqual(self.figures(mailing), before)
        self.assertEqual(self.places_of(*words), set())
        self.assertFalse(self.anna.exists())
        self.assertFalse(self.env["mailing.opt.out"].search([("email", "=", HERS)]))

    def test_people_count_once_by_message_and_url_as_before(self):
        for _mail in range(2):
            mailing = self._mass_email()
            self.send(mailing)
            trace = mailing.mailing_trace_ids.sudo().filtered(lambda each: each.email == HERS)
            trace._receive_click(self.offer.code)
        self.assertEqual(self.offer.people_count, 2)
        self.erase()
        self.offer.invalidate_recordset()
        self.assertEqual(self.offer.people_count, 2)

    def test_an_international_address_goes_however_it_is_spelt(self):
        spelt = "anna@münchen.example"
        self.env["crm.lead"].create(
            {"name": "Question", "email_from": spelt, "campaign_id": self.campaign.id}
        )
        standard = self.env["mailing.trace"].create(
            {"model": "res.partner", "res_id": self.marketer.partner_id.id, "email": spelt}
        )
        self.erase("anna@xn--mnchen-3ya.example")
        lines = self.env["mailing.trace.event"].search([("campaign_id", "=", self.campaign.id)])
        self.assertRegex(lines.email, "^erased-")
        self.assertFalse(standard.email)

    def test_who_has_the_address_beside_another_is_known_and_goes(self):
        self.anna.email = f"anna@work.example, {HERS.upper()}"
        lookup = self.env["mailing.address.lookup"].create({"email": HERS})
        lookup.action_look_up()
        self.assertTrue(lookup.line_ids)
        lookup.action_erase()
        self.assertFalse(self.anna.exists())

    def test_links_in_her_old_letters_have_no_meaning_any_more(self):
        _mailing, trace = self.busy_life()
        token = trace.token
        self.erase()
        self.assertFalse(self.env["mailing.trace"].sudo()._from_token(token))
        self.assertNotEqual(trace.token, token)

    def test_what_comes_back_later_brings_nothing_back(self):
        _mailing, trace = self.busy_life()
        reference = trace._references().sign(trace.id)
        message_id = trace.message_id
        self.erase()
        traces = self.env["mailing.trace"].sudo()
        self.assertFalse(traces._from_reports([reference], [message_id], [HERS]))

    def test_who_waits_is_not_mailed(self):
        mailing = self._mass_email(schedule_date=fields.Datetime.now() + timedelta(days=1))
        mailing._build_queue()
        self.erase()
        erased = mailing.mailing_trace_ids.filtered(lambda each: not each.email)
        self.assertEqual((erased.trace_status, erased.failure_type), ("cancel", "erased"))
        self.assertEqual((mailing.member_count, mailing.cancelled_count), (2, 1))
        mailing.schedule_date = fields.Datetime.now()
        with self.smtp() as server:
            self.send(mailing, server)
        self.assertEqual(server.addresses(), ["boris@example.com"])

    def test_who_is_being_mailed_is_not_erased(self):
        mailing = self._mass_email()
        mailing._build_queue()
        trace = mailing.mailing_trace_ids.filtered(lambda each: each.email == HERS)
        trace.sudo().trace_status = "process"
        with self.assertRaisesRegex(UserError, "being sent right now"):
            self.erase()

    def test_records_of_other_apps_stay(self):
        partner = self.env["res.partner"].create({"name": "Anna", "email": HERS})
        target = self.env["mailing.contact"]._for_records(partner)
        self.erase()
        self.assertFalse(target.exists())
        self.assertEqual(partner.email, HERS)

    def test_others_are_as_they_were(self):
        mailing, _trace = self.busy_life()
        boris = mailing.mailing_trace_ids.filtered(lambda each: each.email == "boris@example.com")
        lines = boris.event_ids.read()
        self.erase()
        self.assertEqual(boris.contact_id.name, "Boris")
        self.assertEqual(boris.event_ids.read(), lines)

    # ------------------------------------------------------------
    # Nobody mails her again
    # ------------------------------------------------------------

    def test_an_import_that_brings_her_back_gets_her_no_mass_email(self):
        self.erase()
        self.import_again()
        mailing = self._mass_email()
        with self.smtp() as server:
            self.send(mailing, server)
        self.assertEqual(self.outcomes(mailing), {"Anna": "erased", "Boris": "sent"})

    def test_the_preview_tells_why(self):
        self.erase()
        self.import_again()
        audience = self._mass_email().get_audience({"contact_list_ids": self.target_list.ids})
        self.assertIn("Erased on Her Request", str(audience))

    def test_the_claim_judges_her_again(self):
        mailing = self._mass_email()
        mailing._build_queue()
        # erased elsewhere: the digest alone
        self.erase("anna@example.org")
        self.anna.email = "anna@example.org"
        with self.smtp() as server:
            self.send(mailing, server)
        self.assertEqual(self.outcomes(mailing)["Anna"], "erased")

    def test_a_test_is_not_sent_to_her(self):
        self.erase()
        back = self.import_again()
        self.assertEqual(self._mass_email()._objections(back), {back: "erased"})

    def test_odoos_own_mailing_passes_her_over(self):
        self.erase()
        self.import_again()
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "Standard",
                "body_html": "<p>Hello</p>",
                "mailing_model_id": self.env["ir.model"]._get_id("mailing.list"),
                "contact_list_ids": [Command.set(self.target_list.ids)],
            }
        )
        mailing.action_send_mail()
        outcomes = {each.email: each.failure_type for each in mailing.mailing_trace_ids}
        self.assertEqual(outcomes, {HERS: "mail_bl", "boris@example.com": False})

    def test_an_address_in_other_letters_is_the_same(self):
        self._contact("Zoe", email="zoe@bücher.example")
        self.erase("zoe@xn--bcher-kva.example")
        back = self._contact("Zoe", self.target_list, email="ZOE@Bücher.example")
        self.assertEqual(self._mass_email()._objections(back), {back: "erased"})

    def test_odoos_privacy_lookup_deletes_all_of_her_but_that_she_is_not_mailed(self):
        """It deletes with superuser rights whatever has her address, in whatever order."""

        def is_sent_to_her(trace):
            return trace.email == HERS and trace.trace_status == "sent"

        self.anna.unlink()
        names = ["mail.blacklist", "mailing.contact", "mailing.opt.out", "mailing.trace"]
        for order in (names, names[::-1]):
            for opt_out in ("_receive_opt_out", "_receive_opt_out_of_all"):
                with self.subTest(order=order, opt_out=opt_out):
                    self.erased.search([]).unlink()
                    anna = self._contact("Anna", self.target_list, email=HERS)
                    mailing = self._mass_email()
                    self.send(mailing)
                    getattr(mailing.mailing_trace_ids.sudo().filtered(is_sent_to_her), opt_out)()
                    for name in order:
                        self.env[name].sudo().search([("email", "=ilike", HERS)]).unlink()
                    self.assertFalse(anna.exists())
                    self.assertEqual(len(self.erased.search([])), 1)
                    self.assertFalse(self.env["mailing.opt.out"].search([("email", "=", HERS)]))
                    again = self.import_again()
                    self.assertTrue(self._mass_email()._objections(again))
                    again.unlink()

    def test_a_user_who_deletes_an_entry_of_the_blacklist_wants_it_mailed_again(self):
        administrator = self.env.ref("base.user_admin")
        self.env["mail.blacklist"]._add(HERS).with_user(administrator).unlink()
        self.env["mail.blacklist"]._add(HERS)
        self.env["mail.blacklist"]._remove(HERS).unlink()
        self.assertFalse(self.erased.search([]))

    def test_taking_back_an_opt_out_erases_nobody(self):
        mailing = self._mass_email()
        self.send(mailing)
        trace = mailing.mailing_trace_ids.sudo().filtered(lambda each: each.email == HERS)
        trace._receive_opt_out()
        trace._receive_opt_in()
        self.assertFalse(self.erased.search([]))

    def test_lifting_ends_it(self):
        self.erase()
        back = self.import_again()
        self.erased._of(HERS).unlink()
        self.assertFalse(self._mass_email()._objections(back))

    def test_erasing_again_is_no_mistake(self):
        self.erase()
        self.import_again()
        self.erase()
        self.assertEqual(len(self.erased.search([])), 1)

    def test_no_address_can_be_read_from_what_is_kept(self):
        self.erase()
        row = self.erased._of(HERS)
        self.assertRegex(row.digest, r"\A[0-9a-f]{64}\Z")
        self.env["ir.config_parameter"].set_param(
            "mass_mailing_campaign.erased_key", "another database"
        )
        self.assertFalse(self.erased._of(HERS))

    def test_the_key_is_not_deleted_while_an_address_is_erased(self):
        key = self.env["ir.config_parameter"].search(
            [("key", "=", "mass_mailing_campaign.erased_key")]
        )
        self.erase()
        with self.assertRaisesRegex(UserError, "erased_key"):
            key.unlink()
        self.assertTrue(self.erased._of(HERS))
        self.erased.search([]).unlink()
        key.unlink()

    def test_uninstalling_blacklists_erased_addresses_that_are_there(self):
        partner = self.env["res.partner"].create({"name": "Anna", "email": HERS})
        self.erase()
        self.import_again()
        uninstalling._keep_erased_addresses(self.env)
        self.assertTrue(partner.is_blacklisted)
        self.assertFalse(self.env["mail.blacklist"].search([("email", "ilike", "boris")]))
