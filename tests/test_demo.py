from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestDemo(TransactionCase):
    def test_the_demo_mass_email_shows_every_reason(self):
        mailing = self.env.ref("mass_mailing_campaign.mass_email_spring", raise_if_not_found=False)
        if not mailing:
            self.skipTest("installed without demo data")
        mailing._check_ready()
        if mailing.state != "draft":
            self.skipTest("the demo campaign was played already")
        mailing._build_queue()
        self.assertEqual((mailing.member_count, mailing.queued_count), (13, 6))
        self.assertEqual(
            set(mailing.mailing_trace_ids.mapped("failure_type")) - {False},
            {
                "excluded",
                "mail_bl",
                "mail_optout",
                "mail_dup",
                "mail_email_missing",
                "mail_email_invalid",
            },
        )
