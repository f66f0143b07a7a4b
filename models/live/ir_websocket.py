import re

from odoo import models

from .mailing_mailing import PROGRESS

# What a screen asks for: the progress of a mass email, or of all of a campaign.
CHANNEL = re.compile(rf"{PROGRESS}/(mailing\.mailing|utm\.campaign)/(\d{{1,9}})")


class IrWebsocket(models.AbstractModel):
    """Who sees the mass emails of a campaign may listen to their progress."""

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        asked = [
            (channel, match)
            for channel in channels
            if isinstance(channel, str) and (match := CHANNEL.fullmatch(channel))
        ]
        channels = [
            channel for channel in channels if channel not in {name for name, _match in asked}
        ]
        if asked and self.env.user.has_group("mass_mailing.group_mass_mailing_user"):
            for _channel, match in asked:
                model, record_id = match.groups()
                record = self.env[model].search([("id", "=", int(record_id))])
                if model == "utm.campaign":  # every employee reads its name
                    record = record._in_reach()
                if record:
                    channels.append((record, PROGRESS))
        return super()._build_bus_channel_list(channels)
