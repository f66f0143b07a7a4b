from hypothesis import strategies as st

from odoo import fields

from ...common import MassEmailCase

PERSON = st.integers(0, 3)
WHICH = st.sampled_from(["first", "second", "test"])
MADE_BY = st.sampled_from([None, "machine", "staff"])
VERBS = ["open", "reply", "opt_out", "opt_in", "opt_out_of_all"]
HAPPENING = st.one_of(
    st.tuples(st.sampled_from(VERBS), WHICH, PERSON),
    st.tuples(st.just("complaint"), WHICH, PERSON, st.just("spam")),
    st.tuples(st.just("bounce"), WHICH, PERSON, st.sampled_from(["final", "temporary", "policy"])),
    st.tuples(st.just("hit"), WHICH, PERSON, st.sampled_from(["pixel", "offer", "demo"]), MADE_BY),
    st.tuples(st.just("scan"), WHICH, PERSON),
    st.tuples(st.sampled_from(["erased", "target_deleted", "targets_merged"]), WHICH, PERSON),
    st.tuples(st.sampled_from(["address_erased", "merged_into_twin", "lead"]), WHICH, PERSON),
    st.tuples(st.sampled_from(["failed", "sent_again", "settled"]), WHICH, PERSON),
    st.tuples(st.sampled_from(["deleted", "archived", "tracking_switched"]), WHICH),
    st.tuples(st.just("link_deleted"), WHICH),
    st.tuples(st.just("campaign_archived"), WHICH),
)
EMAILS = ["anna@example.com", "bob@example.com", "carl@example.com", "dora@example.com"]


class LifeOfMessages(MassEmailCase):
    """Two mass emails, and tests of one, and all that happens to their messages.

    What happens is a verb of the message, or a method here.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        names = ("Anna", "Bob", "Carl", "Dora")
        cls.targets = [cls._contact(name, cls.target_list) for name in names]
        cls.twin = cls._contact("Anna's Twin", cls.target_list, email="anna@example.com")
        cls.more = cls._tracking_url("More", "https://www.example.com/more")
        cls.mailings = {"first": cls._sent(True), "second": cls._sent(False)}
        cls.messages = {
            name: mailing.mailing_trace_ids.sudo().filtered("portion_datetime").sorted("id")
            for name, mailing in cls.mailings.items()
        }
        cls.messages["test"] = cls.messages["first"].create(
            [
                {
                    "model": "mailing.contact",
                    "res_id": target.id,
                    "email": target.address,
                    "is_test_trace": True,
                    "test_mailing_id": cls.mailings["first"].id,
                    "token": f"{target.id:032}",
                    "trace_status": "sent",
                }
                for target in cls.targets
            ]
        )
        cls.messages["test"]._log_event("sent")

    @classmethod
    def _sent(cls, is_tracked):
        mailing = cls._mass_email(open_tracking=is_tracked)
        mailing._build_queue()
        messages = mailing.mailing_trace_ids.sudo()
        messages = messages.filtered(lambda message: message.trace_status == "outgoing")
        messages.write({"trace_status": "sent", "portion_datetime": fields.Datetime.now()})
        messages._log_event("sent")
        mailing.state = "done"
        return mailing

    def happen(self, what, which, person=0, *more):
        if happening := getattr(self, f"is_{what}", None):
            happening(which, person, *more)
        else:
            getattr(self.messages[which][person], f"_receive_{what}")(*more)

    def target(self, person):
        return self.targets[person].exists()

    def mailing(self, which):
        return self.mailings.get(which, self.mailings["first"]).exists()

    # ------------------------------------------------------------
    # What comes back
    # ------------------------------------------------------------

    def is_bounce(self, which, person, bounce_type):
        self.messages[which][person]._receive_bounce(bounce_type, "It came back")

    def is_hit(self, which, person, link, made_by):
        message = self.messages[which][person]
        links = {"pixel": None, "offer": self.offer.id, "demo": self.demo.id}
        message._receive_hit(message.token, links[link], made_by=made_by)

    def is_scan(self, which, person):
        message = self.messages[which][person]
        for link in (self.offer, self.demo, self.more):
            message._receive_hit(message.token, link.id)

    def is_lead(self, _which, person):
        values = {"campaign_id": self.campaign.id, "email_from": EMAILS[person]}
        self.env["crm.lead"].create({"name": "A lead", **values})

    # ------------------------------------------------------------
    # Sent again
    # ------------------------------------------------------------

    def is_in_doubt(self, which, person):
        message = self.messages[which][person]
        self.env["mailing.trace.event"].search([("trace_id", "=", message.id)]).unlink()
        message.write({"trace_status": "error", "failure_type": "in_doubt"})

    def is_failed(self, which, person):
        message = self.messages[which][person]
        if message.standing in ("undecided", "waiting"):
            message.write({"trace_status": "error", "failure_type": "mail_smtp"})

    def is_sent_again(self, which, person):
        message = self.messages[which][person]
        if message.standing in ("undecided", "failed") and not message.is_test_trace:
            message.action_send_again()

    def is_settled(self, which, person):
        message = self.messages[which][person]
        if message.standing == "waiting":
            message.write({"trace_status": "sent", "failure_type": False})
            message._log_event("sent")

    # ------------------------------------------------------------
    # What becomes of people and records
    # ------------------------------------------------------------

    def is_erased(self, which, person):
        self.messages[which][person]._erase()

    def is_address_erased(self, which, person):
        if email := self.messages[which][person].email:
            self.env["mailing.erased.address"]._erase(email)

    def is_target_deleted(self, _which, person):
        self.target(person).unlink()

    def is_targets_merged(self, _which, person):
        self.merge(self.target(person), self.target(person - 1))

    def is_merged_into_twin(self, _which, person):
        self.merge(self.target(person), self.twin.exists())

    def merge(self, gone, kept):
        if gone and kept:
            gone._merge_into(kept)

    def is_deleted(self, which, _person):
        mailing = self.mailing(which)
        if mailing.state == "done":
            mailing.unlink()

    def is_archived(self, which, _person):
        self.mailing(which).active = False

    def is_tracking_switched(self, which, _person):
        mailing = self.mailing(which)
        mailing.open_tracking = not mailing.open_tracking

    def is_campaign_archived(self, _which, _person):
        self.campaign.active = False

    def is_link_deleted(self, _which, _person):
        self.more.unlink()
