from . import mailing_contact
from . import base_partner_merge_automatic_wizard
from . import crm_lead
