from . import mailing_message_report
