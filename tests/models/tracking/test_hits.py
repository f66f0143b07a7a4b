from datetime import timedelta

from ...common import MassEmailCase


class TestHits(MassEmailCase):
    """What one fetch of the pixel or of a tracking URL does to its message and the log."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.anna = cls._contact("Anna", cls.target_list)
        cls.mailing = cls._mass_email()
        cls.news, cls.price = (
            cls._tracking_url(name, f"https://www.example.com/{name}") for name in ("news", "price")
        )
        cls.mailing._build_queue()
        cls.trace = cls.mailing.mailing_trace_ids.sudo()
        cls.trace.trace_status = "sent"
        cls.sent_ago(hours=1)

    @classmethod
    def sent_ago(cls, **ago):
        cls.trace.sent_datetime = cls.env.cr.now().replace(microsecond=0) - timedelta(**ago)

    def hit(self, link=None, **values):
        return self.trace._receive_hit(self.trace.token, link and link.id, **values)

    def lines(self):
        events = self.env["mailing.trace.event"].search([("trace_id", "=", self.trace.id)])
        return sorted(
            " ".join(filter(None, (line.event_type, line.link_id.title, line.made_by)))
            for line in events
        )

    def test_an_opening_takes_one_statement_and_a_click_two(self):
        traces, codes = self.env["mailing.trace"].sudo(), self.env["link.tracker.code"]
        token, code = self.trace.token, self.offer.code
        self.trace._log_event("sent")
        # the first click finds out for all others where it leads
        codes._destination(code)
        traces._receive_hit("0" * 32)
        self.env.flush_all()
        with self.assertQueryCount(1):
            traces._receive_hit(token)
        with self.assertQueryCount(2):
            traces._receive_hit(token, codes._destination(code)[0])
        with self.assertQueryCount(1):
            traces._receive_hit(token, codes._destination(code)[0])

    def test_a_click_is_an_opening(self):
        self.assertEqual(self.hit(self.offer)[0], self.trace.id)
        self.assertEqual(self.lines(), ["clicked Offer", "opened"])
        self.assertEqual(self.trace.trace_status, "open")
        self.assertTrue(self.trace.open_datetime and self.trace.links_click_datetime)

    def test_a_tokens_without_a_message_logs_nothing(self):
        self.assertEqual(self.trace._receive_hit("0" * 32, self.offer.id), (None, {}))
        self.assertFalse(self.lines())

    def test_what_is_more_than_an_opening_stays(self):
        for status in ("reply", "bounce", "cancel"):
            self.trace.trace_status = status
            self.hit(self.offer)
            self.assertEqual(self.trace.trace_status, status)
        self.assertEqual(self.lines(), ["clicked Offer", "opened"])

    def test_a_machine_leaves_the_message_as_it_is_and_a_person_counts_after_it(self):
        self.hit(self.offer, made_by="machine")
        self.assertEqual(self.lines(), ["clicked Offer machine", "opened machine"])
        self.assertEqual(self.trace.trace_status, "sent")
        self.assertFalse(self.trace.open_datetime or self.trace.links_click_datetime)
        self.assertEqual(self.offer.people_count, 0)
        self.hit(self.offer)
        self.hit(self.offer, made_by="machine")
        self.assertEqual(
            self.lines(), ["clicked Offer", "clicked Offer machine", "opened", "opened machine"]
        )
        self.assertEqual((self.trace.trace_status, self.offer.people_count), ("open", 1))

    def test_staff_that_is_logged_in_is_not_the_recipient_but_a_customer_may_be(self):
        self.hit(self.offer, user_id=self.marketer.id)
        self.assertEqual(self.lines(), ["clicked Offer staff", "opened staff"])
        self.hit(user_id=self.env.ref("base.public_user").id)
        self.assertIn("opened", self.lines())

    def test_a_colleague_is_the_recipient_of_what_was_sent_to_her(self):
        contacts = self.env["mailing.contact"]
        for contact, address in (
            (contacts._for_records(self.marketer), "former@example.com"),
            (contacts._for_records(self.marketer.partner_id), "former@example.com"),
            (self._contact("Marta", email="Marta@Example.com"), "marta@example.com"),
        ):
            self.trace.write({"res_id": contact.id, "email": address, "trace_status": "sent"})
            self.hit(self.offer, user_id=self.seller.id)
            self.assertEqual(self.trace.trace_status, "sent")
            self.hit(self.offer, user_id=self.marketer.id)
            self.assertEqual(
                self.lines(), ["clicked Offer", "clicked Offer staff", "opened", "opened staff"]
            )
            self.assertEqual(self.trace.trace_status, "open")
            self.env["mailing.trace.event"].search([("trace_id", "=", self.trace.id)]).unlink()

    def test_nobody_reads_within_seconds_of_sending(self):
        self.sent_ago(seconds=2)
        self.hit()
        self.assertEqual(self.lines(), ["opened machine"])
        self.sent_ago(seconds=20)
        self.hit()
        self.assertEqual(self.lines(), ["opened", "opened machine"])

    def test_a_message_on_the_wire_was_not_read_yet(self):
        self.trace.write(
            {
                "trace_status": "process",
                "sent_datetime": False,
                "portion_datetime": self.env.cr.now().replace(microsecond=0),
            }
        )
        self.hit()
        self.assertEqual(self.lines(), ["opened machine"])

    def test_who_opens_all_links_at_once_is_a_machine(self):
        for link in (self.offer, self.news):
            self.hit(link)
        self.assertEqual(self.trace.trace_status, "open")
        self.hit(self.price)
        machine = ["clicked Offer machine", "clicked news machine", "clicked price machine"]
        self.assertEqual(self.lines(), [*machine, "opened machine"])
        self.assertEqual(self.trace.trace_status, "sent")
        self.assertFalse(self.trace.open_datetime or self.trace.links_click_datetime)
        self.hit(self.demo)
        self.assertEqual(len(self.lines()), 5)
        self.assertEqual(self.trace.trace_status, "sent")

    def test_a_scan_takes_nothing_from_who_opened_and_clicked_before_it(self):
        self.hit(self.demo)
        before = self.env.cr.now().replace(microsecond=0) - timedelta(minutes=5)
        self.env.cr.execute(
            "UPDATE mailing_trace_event SET event_datetime = %s WHERE trace_id = %s",
            [before, self.trace.id],
        )
        self.trace.write({"open_datetime": before, "links_click_datetime": before})
        for link in (self.offer, self.news, self.price):
            self.hit(link)
        people = [line for line in self.lines() if not line.endswith("machine")]
        self.assertEqual(people, ["clicked Demo", "opened"])
        self.assertEqual((self.trace.trace_status, self.trace.open_datetime), ("open", before))
        self.assertEqual(self.trace.links_click_datetime, before)

    def test_who_opens_three_links_one_after_the_other_is_a_person(self):
        for link in (self.offer, self.news, self.price):
            self.hit(link)
            self.env.cr.execute(
                "UPDATE mailing_trace_event SET event_datetime = event_datetime - INTERVAL '5 s'"
            )
        self.assertFalse([line for line in self.lines() if "machine" in line])

    def test_nothing_is_recorded_of_openings_that_are_not_tracked(self):
        self.mailing.open_tracking = False
        self.hit()
        self.hit(self.offer)
        self.trace._receive_reply()
        self.assertEqual(self.lines(), ["clicked Offer", "replied"])
        self.assertFalse(self.trace.open_datetime)

    def test_links_work_when_the_mass_email_is_deleted(self):
        trace = self.trace
        test = trace.copy({"mass_mailing_id": False, "is_test_trace": True})
        test.token = "f" * 32
        self.assertEqual(self.trace._receive_hit(test.token, self.offer.id)[0], test.id)

    def test_every_hit_is_kept_where_that_is_wanted(self):
        self.hit()
        hits = self.env["mailing.trace.hit"]
        self.assertFalse(hits.search([]))
        self.set_setting("keep_hits", True)
        for made_by in (None, "machine", None):
            self.hit(self.offer, made_by=made_by, ip="192.0.2.1", user_agent="Mail\0 " + "x" * 999)
        kept = hits.search([("trace_id", "=", self.trace.id)])
        self.assertEqual(sorted(kept.mapped(lambda hit: hit.made_by or "")), ["", "", "machine"])
        self.assertEqual(kept.link_id, self.offer)
        self.assertEqual(kept[0].ip, "192.0.2.1")
        self.assertEqual({len(hit.user_agent) for hit in kept}, {299})
        self.assertEqual(kept.mailing_id, self.mailing)

    def test_the_hits_of_a_scan_are_kept_as_a_machines(self):
        self.set_setting("keep_hits", True)
        self.hit(self.demo)
        self.env.cr.execute("UPDATE mailing_trace_hit SET hit_datetime = '2026-01-01'")
        self.env.cr.execute("UPDATE mailing_trace_event SET event_datetime = '2026-01-01'")
        for link in (self.offer, self.news, self.price):
            self.hit(link)
        kept = self.env["mailing.trace.hit"].search([("trace_id", "=", self.trace.id)])
        by_people = kept.filtered(lambda hit: not hit.made_by)
        self.assertEqual((len(kept), by_people.link_id), (4, self.demo))
        statistics = self.env["mailing.trace.event"].get_statistics(mailing_id=self.mailing.id)
        hits = {each["id"]: each["hits"] or 0 for each in statistics["links"]}
        self.assertEqual((hits[self.demo.id], hits[self.offer.id]), (1, 0))

    def test_where_openings_are_not_tracked_none_is_kept_either(self):
        self.set_setting("keep_hits", True)
        self.mailing.open_tracking = False
        self.hit(ip="192.0.2.1")
        self.hit(self.offer, ip="192.0.2.1")
        kept = self.env["mailing.trace.hit"].search([("trace_id", "=", self.trace.id)])
        self.assertEqual(kept.mapped("event_type"), ["clicked"])

    def test_of_lines_that_turn_out_to_be_known_nobody_is_told(self):
        links = [self.offer, self.news, self.price]
        for link in links:
            self.hit(link, made_by="machine")
        _trace_id, lines = self.hit(self.offer)
        self.assertFalse(lines)

    def test_a_message_in_doubt_arrived_when_a_machine_opens_all_its_links(self):
        for reason in ("in_doubt", "left"):
            self.env["mailing.trace.event"].search([("trace_id", "=", self.trace.id)]).unlink()
            in_doubt = {"trace_status": "error", "failure_type": reason}
            self.trace.write(in_doubt | {"portion_datetime": self.trace.sent_datetime})
            for link in (self.offer, self.news, self.price):
                self.hit(link)
            self.assertEqual((self.trace.trace_status, self.trace.failure_type), ("sent", False))
            self.assertFalse(self.trace.open_datetime or self.trace.links_click_datetime)
