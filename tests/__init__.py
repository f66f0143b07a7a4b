import hypothesis

# how long an example takes is the machine's affair
hypothesis.settings.register_profile("rules", deadline=None)
hypothesis.settings.load_profile("rules")

# the rooms, from the plain engine to the doors
from .delivery import test_address
from .delivery import test_bounce
from .delivery import test_envelope
from .delivery import test_header
from .delivery import test_placeholders
from .delivery import test_pool
from .delivery import test_portion
from .delivery import test_reference
from .delivery import test_report
from .delivery import test_robots
from .delivery import test_skeleton
from .delivery import test_token
from .delivery import test_transport
from .engine import test_headers
from .engine import test_letter
from .engine import test_limits
from .engine import test_run
from .engine import test_run_faults
from .engine import test_spliced_letter
from .engine import test_state_machine
from .models.standard import test_standard
from .models.settings import test_settings
from .models.campaign import test_campaign
from .models.campaign import test_tracking_url
from .models.audience import test_claim
from .models.audience import test_dead_address
from .models.audience import test_merge
from .models.audience import test_opt_in_required
from .models.audience import test_opt_out_memory
from .models.audience import test_queue
from .models.audience import test_record_changes
from .models.audience import test_target
from .models.audience import test_who_may_be_mailed
from .models.audience import test_wire_address
from .models.filling import test_add_targets
from .models.filling import test_criteria
from .models.filling import test_criteria_of_mass_emails
from .models.filling import test_criteria_rights
from .models.keeping import test_list_keeping
from .models.target_list import test_target_list_form
from .models.mass_email import test_ending
from .models.mass_email import test_mass_email
from .models.content import test_content
from .models.preview import test_preview
from .models.preview import test_preview_is_result
from .models.sending import test_delivery
from .models.sending import test_settle
from .models.response import test_after_event
from .models.response import test_bounce_routing
from .models.response import test_signs_of_life
from .models.record import test_campaign_log
from .models.record import test_record
from .models.opt_out import test_opt_out_verbs
from .models.opt_out import test_pause
from .models.tracking import test_hits
from .models.tracking import test_parallel_hits
from .models.tracking import test_people_count
from .controllers import test_opt_out
from .controllers import test_opt_out_page
from .controllers import test_tracking
from .wizards import test_list_add
from .wizards import test_list_from_log
from .wizards import test_send_test
from . import test_demo
from . import test_life
from . import test_rights
from . import test_rights_matrix
from . import test_tours
from . import test_translations
from . import test_unit_js
