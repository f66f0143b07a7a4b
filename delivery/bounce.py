from email.message import Message


def bounce_class(message: Message) -> str:
    """Tell whether a delivery report is final.

    :param message: a returned message, with or without a delivery-status part (RFC 3464)
    :return: ``hard`` when the status is of class 5 (RFC 3463, section 2), else ``soft``
    """
    for part in message.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for fields in part.get_payload():
            status = str(fields.get("Status", "")).strip()
            if status:
                return "hard" if status.startswith("5") else "soft"
    return "soft"
