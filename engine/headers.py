import hashlib
import re
from urllib.parse import urlsplit

from odoo.tools import hmac
from odoo.tools.mail import email_split_and_format

from ..delivery.header import Encoded, encode_mailbox

# A name in the DNS; digits alone are an address.
HOST = re.compile(r"(?=.*[a-z])(?:[a-z0-9-]+\.)*[a-z0-9-]+")


def mailboxes(text):
    """Return the mailboxes of a field as their author means them.

    Python takes a name for a part of the address where no brackets are around that.
    """
    return ", ".join(email_split_and_format(text or "")) or text


class Headers:
    """What the headers of a mass email say about the kind of mail it is, and by whom.

    Each stands on one line, so that a signature over them holds (DKIM, RFC 6376).
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env
        self._host = self._own_host()
        self._key = self._secret("message-id").encode()

    def _own_host(self):
        """Return the host that the links lead to."""
        host = urlsplit(self.env["mailing.trace"]._opt_out_url("")).hostname or ""
        return host if HOST.fullmatch(host) else "localhost"  # as RFC 2919, section 3, has it

    def _secret(self, scope):
        """Return what nobody outside this database can know, the same in every run."""
        return hmac(self.env(su=True), "mass_mailing_campaign", scope)

    def message_id(self, row, thread):
        """Return the Message-ID of a recipient's message.

        The same whenever it is sent again: programs then show one copy of what came twice. As
        unguessable as the recipient's token, and telling nothing of what is random in it: who could
        guess another's could forge her bounce. It begins as the token does, so that what is sent
        together stands together in the index by which bounces find their message.

        :param thread: by which Odoo recognises the replies
        """
        digest = hashlib.blake2b(row.token.encode(), key=self._key, digest_size=12).hexdigest()
        return f"<{row.token[:8]}{digest}-openerp-{thread}@{self._host}>"

    def of_kind(self):
        """Return the headers that are the same for all recipients.

        Who answers by a program keeps quiet where there is a List-Id (RFC 3834, section 2). A
        newsletter is not "auto-generated", for somebody wrote it (section 5.1); an informational
        email is no mail of a list, so that header has to tell.
        """
        headers = {
            "Feedback-ID": self._feedback_id(),
            "X-Auto-Response-Suppress": "OOF, AutoReply",
        }
        if self.mailing._is_informational():
            return headers | {"Precedence": "bulk", "Auto-Submitted": "auto-generated"}
        return headers | {"Precedence": "list", "List-Id": self._list_id()}

    def of_opt_out(self, token):
        """Return the headers by which a mail program opts out a recipient (RFC 2369, RFC 8058)."""
        return {
            "List-Unsubscribe": f"<{self.env['mailing.trace']._opt_out_url(token)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }

    def _list_id(self):
        """Return by what recipients' programs sort: the list, or the campaign of several lists.

        RFC 2919: the same as long as the list lives, whatever it is called meanwhile.
        """
        mailing, name = self.mailing, ""
        lists = mailing.with_context(active_test=False).contact_list_ids
        if len(lists) == 1:
            label, name = f"list-{lists.id}", lists._name_for_recipients()
        elif mailing.campaign_id:
            label = f"campaign-{mailing.campaign_id.id}"
        else:
            label = f"mailing-{mailing.id}"
        list_id = f"{label}.{self._host}"
        value = encode_mailbox(name, list_id) if name else f"<{list_id}>".encode()
        return Encoded("List-Id", f"{name} <{list_id}>".strip(), value)

    def _feedback_id(self):
        """Return by what Gmail counts complaints: campaign, mass email, type, and sender."""
        campaign, sender = self.mailing.campaign_id, self._secret("feedback-id")[:12]
        kind = campaign.campaign_type or "email"
        return f"campaign-{campaign.id or 0}:mailing-{self.mailing.id}:{kind}:{sender}"
