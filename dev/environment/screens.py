"""The screens that ``dev/screenshots`` takes: to have one more, add a line to SCREENS.

``{names}`` in a path or a selector are those of the demo data and of
``screenshot_scripts/life.py``;
``{lang}`` is the language, as in ``{token_{lang}}``.
"""

from dataclasses import dataclass

CAMPAIGNS = "/odoo/action-mass_mailing.action_view_utm_campaigns"
CAMPAIGN = CAMPAIGNS + "/{campaign_spring}"
MASS_EMAILS = "/odoo/action-mass_mailing_campaign.mailing_mailing_action_mass_email"
CAMPAIGNS_MASS_EMAILS = "/odoo/action-mass_mailing_campaign.mailing_mailing_action_mass_emails"
MAILINGS = "/odoo/action-mass_mailing.mailing_mailing_action_mail"
ANALYSIS = "/odoo/action-mass_mailing_campaign.mailing_message_report_action"
MAIL_SERVERS = "/odoo/action-base.action_ir_mail_server_list"
LISTS = "/odoo/action-mass_mailing.action_view_mass_mailing_lists"
LIST = LISTS + "/{list_customers}"
CONTACT = "/odoo/action-contacts.action_contacts"


def tab(name):
    return f".o_notebook .nav-link[name={name}]"


@dataclass(frozen=True)
class Screen:
    """One screen.

    :ivar name: of the file
    :ivar path: where it is, behind the server's address
    :ivar steps: selectors to click one after the other, or ``(selector, text)`` to fill in
    :ivar login: who looks at it, with the same password; "" for a recipient
    :ivar docs: selector of the part that the documentation shows; "" for none
    :ivar allow: technical texts that rightly stand there
    :ivar status: HTTP status that it rightly has
    """

    name: str
    path: str
    steps: tuple = ()
    login: str = "marta"
    widths: tuple = (1440, 390)
    docs: str = ""
    allow: tuple = ()
    status: int = 200


def of_ticked(path, action):
    """An action in the menu of a list, of all rows ticked."""
    ticked = ".o_list_table thead .o_list_record_selector input"
    menu = ".o_cp_action_menus .dropdown-toggle:has(.fa-cog)"
    return path + "?view_type=list", (ticked, menu, f'.o-dropdown-item:text-is("{action}")')


def of_one(path, action):
    """An action in the menu of a form."""
    menu = ".o_cp_action_menus .dropdown-toggle:has(.fa-cog)"
    return path, (menu, f'.o-dropdown-item:text-is("{action}")')


ACTION = ".o_action_manager"
LETTER_LINK = ".o_field_widget[name=body_arch] .odoo-editor-editable a"
DIALOG = ".modal-content"
SCREENS = [
    # campaigns
    Screen("campaigns", CAMPAIGNS),
    Screen("campaigns-list", CAMPAIGNS + "?view_type=list"),
    Screen("campaign", CAMPAIGN, docs=ACTION),
    Screen("campaign-new", CAMPAIGNS + "/new", docs=".o_form_sheet"),
    Screen("campaign-mass-emails", CAMPAIGN, (tab("mass_emails"),), docs=".o_notebook"),
    Screen("campaign-tracking-urls", CAMPAIGN, (tab("tracking_urls"),), docs=".o_notebook"),
    Screen("campaign-log", CAMPAIGN, (tab("log"),), docs=".o_notebook"),
    Screen(
        "campaign-log-menu",
        CAMPAIGN,
        (tab("log"), ".o_campaign_log .o_record_menu button"),
        docs=".o-dropdown--menu",
    ),
    Screen("campaign-statistics", CAMPAIGN, (tab("statistics"),)),
    Screen("campaign-details", CAMPAIGN, (tab("details"),)),
    Screen("campaign-figure", CAMPAIGN, (".o_people_figures button[name=clicked]",)),
    Screen("campaign-bounced", CAMPAIGN, (".o_people_figures button[name=bounced]",)),
    Screen("campaign-summer", CAMPAIGNS + "/{campaign_summer}"),
    Screen("campaign-row-menu", CAMPAIGNS + "/{campaign_summer}", (".o_record_menu button",)),
    Screen("campaign-planned", CAMPAIGNS + "/{campaign_winter}"),
    Screen(
        "campaign-planned-tracking-urls",
        CAMPAIGNS + "/{campaign_winter}",
        (tab("tracking_urls"),),
    ),
    Screen("campaign-planned-log", CAMPAIGNS + "/{campaign_winter}", (tab("log"),)),
    Screen("campaign-planned-statistics", CAMPAIGNS + "/{campaign_winter}", (tab("statistics"),)),
    Screen("campaign-informational", CAMPAIGNS + "/{campaign_informational}"),
    Screen("campaign-web", CAMPAIGNS + "/{campaign_web}"),
    # mass emails
    Screen("mass-emails", CAMPAIGNS_MASS_EMAILS),
    Screen("mass-emails-kanban", CAMPAIGNS_MASS_EMAILS + "?view_type=kanban"),
    Screen("mailings", MAILINGS),
    Screen("mailings-list", MAILINGS + "?view_type=list"),
    Screen("mailings-calendar", MAILINGS + "?view_type=calendar"),
    Screen("templates", "/odoo/action-mass_mailing_campaign.mail_template_action_mass_email"),
    Screen("tracking-urls", "/odoo/action-mass_mailing_campaign.link_tracker_action_tracking_url"),
    Screen("mass-email-new", MASS_EMAILS + "/new"),
    Screen("mass-email-draft", MASS_EMAILS + "/{mailing_draft}", docs=".o_form_sheet"),
    Screen("mass-email-pending", MASS_EMAILS + "/{mailing_pending}"),
    Screen("mass-email-in-process", MASS_EMAILS + "/{mailing_in_process}", docs=".o_form_sheet"),
    Screen("mass-email-complete", MASS_EMAILS + "/{mailing_sent}"),
    Screen("mass-email-trouble", MASS_EMAILS + "/{mailing_trouble}"),
    Screen("mass-email-paused", MASS_EMAILS + "/{mailing_paused}"),
    Screen("mass-email-failed", MASS_EMAILS + "/{mailing_failed}"),
    Screen("mass-email-designer", MASS_EMAILS + "/{mailing_designer}"),
    Screen("mass-email-sender", MASS_EMAILS + "/{mailing_draft}", (tab("sender"),)),
    Screen("mass-email-options", MASS_EMAILS + "/{mailing_draft}", (tab("options"),)),
    Screen(
        "mass-email-new-tracking-url",
        MASS_EMAILS + "/{mailing_draft}",
        (
            LETTER_LINK,
            ".o-we-linkpopover .o_we_edit_link",
            ".o-we-linkpopover .o_link_destination input",
            ".o_new_tracking_url",
        ),
    ),
    Screen("mass-email-statistics", MASS_EMAILS + "/{mailing_sent}", (tab("statistics"),)),
    Screen("mass-email-preview", MASS_EMAILS + "/{mailing_sent}", ("[name=action_preview]",)),
    Screen("mass-email-check", MASS_EMAILS + "/{mailing_draft}", ("[name=action_check]",)),
    Screen("mass-email-check-faults", MASS_EMAILS + "/{mailing_faulty}", ("[name=action_check]",)),
    Screen(
        "mass-email-check-error", MASS_EMAILS + "/{mailing_unfillable}", ("[name=action_check]",)
    ),
    Screen(
        "mass-email-template",
        MASS_EMAILS + "/{mailing_draft}",
        ("[name=action_save_as_template]",),
    ),
    Screen("mass-email-test", MASS_EMAILS + "/{mailing_draft}", ("[name=action_send_test]",)),
    Screen(
        "mass-email-test-results",
        "/odoo/mailing.send.test/{send_test}",
        allow=("mailing.send.test",),  # a dialog has no such title
    ),
    Screen(
        "mass-email-preview-links",
        MASS_EMAILS + "/{mailing_sent}",
        ("[name=action_preview]", ".modal " + tab("links")),
        widths=(1440,),
    ),
    Screen("mass-email-members", MASS_EMAILS + "/{mailing_sent}", ("[name=action_view_members]",)),
    Screen("analysis", ANALYSIS),
    Screen("analysis-graph", ANALYSIS + "?view_type=graph"),
    Screen("analysis-list", ANALYSIS + "?view_type=list", widths=(1440,)),
    # target lists
    Screen("lists", LISTS),
    Screen("lists-list", LISTS + "?view_type=list"),
    Screen("list", LIST, docs=ACTION),
    Screen("list-new", LISTS + "/new"),
    Screen("list-empty", LISTS + "/{list_empty}"),
    Screen("list-opted-out", LIST, (tab("opted_out"),)),
    Screen("list-waiting", LISTS + "/{list_courses}"),
    Screen("list-criteria", LISTS + "/{list_courses}", (tab("criteria"),), docs=".o_notebook"),
    Screen(
        "list-criterion",
        LISTS + "/{list_courses}",
        (
            tab("criteria"),
            "[name=criterion_ids] .o_data_row, [name=criterion_ids] .o_kanban_record",
        ),
    ),
    Screen("list-select", LIST, (".o_select_targets",)),
    Screen("list-figure", LIST, (".o_target_list_figures button[name=opted_out]",)),
    Screen("wizard-merge", *of_ticked(LISTS, "{merge_{lang}}"), widths=(1440,)),
    # records
    Screen("contact", CONTACT + "/{partner_anna}"),
    Screen("company", CONTACT + "/{partner_lumber}"),
    Screen("lead", "/odoo/action-crm.crm_lead_all_leads/{lead_erik}", login="admin"),
    Screen("user", "/odoo/action-base.action_res_users/{user_marta}", login="admin"),
    Screen("contact-log", CONTACT + "/{partner_anna}", ("button[name=action_view_campaign_log]",)),
    Screen(
        "contact-lists", CONTACT + "/{partner_anna}", ("button[name=action_view_target_lists]",)
    ),
    # wizards
    Screen(
        "wizard-add-to-list",
        *of_ticked(CONTACT, "{add_to_list_{lang}}"),
        widths=(1440,),
    ),
    Screen("wizard-flags", *of_ticked(CONTACT, "{flags_{lang}}"), widths=(1440,)),
    Screen(
        "wizard-add-one-to-list",
        CONTACT + "/{partner_anna}",
        ("button[name=action_view_target_lists]", "button[name=action_add_record]"),
        widths=(390,),
    ),
    Screen("wizard-flags-of-one", *of_one(CONTACT + "/{partner_anna}", "{flags_{lang}}")),
    Screen(
        "wizard-list-from-log",
        CAMPAIGN,
        (
            tab("log"),
            ".o_campaign_log .o_record_menu button",
            ".o-dropdown--menu .o-dropdown-item:not(:has(.o_item_count))",
        ),
        docs=DIALOG,
    ),
    Screen(
        "wizard-address-lookup",
        "/odoo/action-mass_mailing_campaign.mailing_address_lookup_action",
    ),
    Screen("wizard-import", LIST, ("button[name=action_open_import]",)),
    Screen("dead-addresses", "/odoo/action-mass_mailing_campaign.mailing_address_action"),
    Screen("categories", "/odoo/action-mass_mailing_campaign.mailing_list_category_action"),
    Screen("log", "/odoo/action-mass_mailing_campaign.mailing_trace_event_action"),
    Screen("hits", "/odoo/action-mass_mailing_campaign.mailing_trace_hit_action"),
    # who sees her own campaigns only
    Screen("own-campaigns", CAMPAIGNS, login="otto"),
    Screen("own-campaign-of-others", CAMPAIGN, login="otto"),
    Screen("own-mass-emails", CAMPAIGNS_MASS_EMAILS, login="otto"),
    Screen("own-list", LIST, login="otto"),
    Screen(
        "own-log", "/odoo/action-mass_mailing_campaign.mailing_trace_event_action", login="otto"
    ),
    # the administrator's
    Screen(
        "settings",
        "/odoo/action-mass_mailing.action_mass_mailing_configuration",
        login="admin",
    ),
    Screen("checkup", "/odoo/action-mass_mailing_campaign.mailing_checkup_action", login="admin"),
    Screen("mail-server", MAIL_SERVERS + "/new", login="admin", widths=(1440,)),
    # recipients'
    Screen("opt-out", "/mailing/opt-out/{token_{lang}}", login="", docs="body"),
    Screen(
        "opt-out-done",
        "/mailing/opt-out/{token_{lang}}",
        # at the second width she comes back
        ("button[value=opt_out], button[value=opt_in]",),
        login="",
    ),
    Screen("neutral", "/mailing/opt-out/nothing", login="", status=404),
    Screen("letter", "/mailing/view/{token_{lang}}", login=""),
]
