from email.message import EmailMessage

from .common import mail

BOUNCE_ADDRESS = "bounce@garden.example.com"
# The kind of every mail in ``data/returned``, by its name.
KINDS = {
    "postfix_final": "final",
    "exim_final": "final",
    "qmail_final": "final",
    "exchange_final": "final",
    "ses_final": "final",
    "gmail_full": "temporary",
    "expired_temporary": "temporary",
    "office365_policy": "policy",
    "complaint": "complaint",
    "delayed": "delayed",
    "delivered": "other",
    "vacation": "auto_reply",
    "challenge": "auto_reply",
    "receipt": "auto_reply",
}


def letter(message_id="<1@garden.example.com>", reference="1-0", address="anna@example.com"):
    """The header of a message as servers return it."""
    message = EmailMessage()
    message["Message-ID"] = message_id
    message["From"] = "news@garden.example.com"
    message["To"] = address
    message["Subject"] = "News"
    message["X-Mass-Email-Message"] = reference
    message.set_content("News")
    return message.as_string()


def returned(
    name, address="anna@example.com", message_id="<1@garden.example.com>", returned=None, **values
):
    """A mail of ``data/returned``, filled in.

    :param returned: what comes back; a letter with this Message-ID and no valid reference if None
    """
    values = {"to": BOUNCE_ADDRESS, "id": name, "status": "5.0.0", "words": "", **values}
    if returned is None:
        returned = letter(message_id, address=address)
    return mail(f"returned/{name}").format(
        address=address, message_id=message_id, returned=returned, **values
    )
