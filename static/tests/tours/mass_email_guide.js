import { registry } from "@web/core/registry";
import { assertClicks, guide } from "./guide_clicks";

// The guide, from a new campaign to a target list made from its log. In between, the test plays
// what no browser does: the cron and the recipients.

const tours = registry.category("web_tour.tours");
const save = [
    { trigger: ".o_form_button_save", run: "click" },
    { trigger: ".o_form_saved, .o_form_status_indicator:not(:has(.o_form_button_save:visible))" },
];
const page = (name) => ({ trigger: `.o_notebook .nav-link[name=${name}]`, run: "click" });
// "Create" is offered only once the list is filtered by what was typed; before, a click is lost.
const tag = (field, text, filtered = `:has(li:contains(Create "${text}"))`) => [
    { trigger: `.o_field_widget[name=${field}] input`, run: `edit ${text}` },
    {
        trigger: `.o-autocomplete--dropdown-menu${filtered} .o-autocomplete--dropdown-item:contains(${text}):first`,
        run: "click",
    },
    { trigger: `.o_field_widget[name=${field}] .o_tag:contains(${text})` },
];
tours.add("mass_email_guide_campaign", {
    steps: () => [
        guide("campaign"),
        { trigger: ".o_control_panel_main_buttons button:contains(New)", run: "click" },
        { trigger: ".o_field_widget[name=title] input", run: "edit Autumn" },
        {
            trigger: ".o_field_widget[name=campaign_type] input, .o_field_widget[name=campaign_type] select",
            run: "click",
        },
        { trigger: ".o_select_menu_item:contains(Newsletter)", run: "click" },
        ...tag("target_list_ids", "Customers of the guide"),
        ...tag("excluding_list_ids", "Competitors of the guide"),
        guide("tracking url"),
        page("tracking_urls"),
        {
            trigger: ".o_field_widget[name=tracking_url_ids] .o_field_x2many_list_row_add a",
            run: "click",
        },
        { trigger: ".modal [name=title] input", run: "edit Offer" },
        { trigger: ".modal [name=url] input", run: "edit https://www.example.com/offer" },
        { trigger: ".modal .o_form_button_save", run: "click" },
        { trigger: ".o_field_widget[name=tracking_url_ids] td:contains(Offer)" },
        ...save,
        { trigger: ".o_field_widget[name=tracking_url_ids] td:contains({trackingUrl:)" },
    ],
});

tours.add("mass_email_guide_mass_email", {
    steps: () => [
        page("mass_emails"), // it is open already
        guide("mass email"),
        { trigger: ".o_field_widget[name=mass_email_ids]:not(:has(.o_field_x2many_list_row_add))" },
        { trigger: ".o_add_mass_email:contains(Mass Email)", run: "click" },
        // it has a name already
        { trigger: ".o_field_widget[name=name] input:value(Autumn), .o_field_widget[name=name] textarea:value(Autumn)" },
        // its lists are those of the campaign
        { trigger: ".o_field_widget[name=contact_list_ids] .o_tag:contains(Customers of the guide)" },
        { trigger: ".o_field_widget[name=excluding_list_ids] .o_tag:contains(Competitors)" },
        { trigger: ".o_field_widget[name=mail_template_id] input", run: "edit Autumn letter" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Autumn letter)", run: "click" },
        { trigger: ".o_field_widget[name=subject] textarea:value(Autumn for)" },
        // it starts now
        { trigger: ".o_form_view:not(:has(.o_field_widget[name=schedule_date] input))" },
        { trigger: "button[name=action_check_and_set_pending]", run: "click" },
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Pending)" },
        guide(""),
        // back on the campaign, the row's dropdown sends a test
        { trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item a:contains(Autumn)", run: "click" },
        page("mass_emails"),
        { trigger: ".o_field_widget[name=mass_email_ids] .o_data_row:contains(Pending)" },
        guide("test"),
        { trigger: ".o_field_widget[name=mass_email_ids] .o_record_menu button", run: "click" },
        { trigger: ".o-dropdown-item:contains(Send Test)", run: "click" },
        { trigger: ".modal .o_field_widget[name=user_ids] .o_tag:contains(Marta Marketer)" },
        { trigger: ".modal button[name=action_send]", run: "click" },
        { trigger: ".o_notification:contains(marta@example.com)" },
        { trigger: "body:not(:has(.modal))" },
        guide("log"),
        page("log"),
        { trigger: ".o_campaign_log .o_data_row:contains(marta@example.com):contains(Test)" },
    ],
});

const openLogMenu = [
    page("log"),
    { trigger: ".o_campaign_log .o_record_menu button", run: "click" },
];

tours.add("mass_email_guide_log", {
    steps: () => [
        page("mass_emails"),
        { trigger: ".o_field_widget[name=mass_email_ids] .o_data_row:contains(Complete)" },
        page("log"),
        {
            trigger: ".o_campaign_log .o_data_row:contains(Clicked):contains(Anna)",
        },
        ...openLogMenu,
        { trigger: ".o-dropdown-item:contains(Create Target List)", run: "click" },
        { trigger: ".modal .o_field_widget[name=name] input", run: "edit Clicked the offer" },
        // of those it was sent to, who clicked the offer and did not answer
        ...tag("did_ids", "Clicked", ":not(:has(li:contains(Bounced)))"),
        { trigger: ".modal .o_field_widget[name=did_ids] .o_tag:contains(Sent) .o_delete", run: "click" },
        ...tag("did_link_ids", "Offer", ""),
        ...tag("did_not_ids", "Replied", ":not(:has(li:contains(Bounced)))"),
        { trigger: ".modal .o_field_widget[name=contact_count]:contains(1)" },
        { trigger: ".modal button[name=action_create]:visible", run: "click" },
        { trigger: "body:not(:has(.modal)) .o_last_breadcrumb_item:contains(Clicked the offer)" },
        { trigger: ".o_back_button, .breadcrumb-item a:contains(Autumn)", run: "click" },
        // in two clicks, with the count beside it
        guide("list from the log"),
        ...openLogMenu,
        { trigger: ".o-dropdown-item:contains(Bounced for Good).disabled" },
        { trigger: ".o-dropdown-item:contains(Did Not Open):contains(1)", run: "click" },
        { trigger: ".o_last_breadcrumb_item:contains(Autumn: Did Not Open)" },
    ],
});

assertClicks("mass_email_guide_campaign");
assertClicks("mass_email_guide_mass_email");
assertClicks("mass_email_guide_log");
