from . import mailing_list_criterion
