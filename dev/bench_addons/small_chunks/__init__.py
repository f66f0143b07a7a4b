"""Loaded by a server, it claims so few rows at once that a short mass email is a long queue."""

from odoo.addons.mass_mailing_campaign.models.sending import mailing_mailing

mailing_mailing.CHUNK = mailing_mailing.FEWEST = 10
