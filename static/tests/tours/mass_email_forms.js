import { registry } from "@web/core/registry";

// Wherever a mass email is opened, it opens in its own form; a standard mailing in Odoo's.

const view = (name) => ({ trigger: `.o_switch_view.o_${name}`, run: "click" });
const isMassEmailForm = {
    trigger: ".o_form_view:not(:has(button[name=action_launch])) button[name=action_check_and_set_pending]",
};
const isStandardForm = { trigger: ".o_form_view button[name=action_launch]" };
const back = { trigger: ".breadcrumb-item a:contains(Mailings)", run: "click" };

registry.category("web_tour.tours").add("mass_email_forms", {
    steps: () => [
        { trigger: ".o_list_view .o_data_row .o_data_cell:contains(Mass news)", run: "click" },
        isMassEmailForm,
        back,
        { trigger: ".o_list_view .o_data_row .o_data_cell:contains(Standard news)", run: "click" },
        isStandardForm,
        // the pager of Odoo's form
        { trigger: ".o_pager_next", run: "click" },
        isMassEmailForm,
        back,
        { trigger: ".o_list_view" },
        view("kanban"),
        { trigger: ".o_kanban_record:contains(Mass news)", run: "click" },
        isMassEmailForm,
        back,
        { trigger: ".o_kanban_record:contains(Standard news)", run: "click" },
        isStandardForm,
    ],
});

registry.category("web_tour.tours").add("mass_email_form_by_url", {
    steps: () => [isMassEmailForm],
});

registry.category("web_tour.tours").add("mass_email_campaign_buttons", {
    steps: () => [
        { trigger: ".o_form_view:not(:has(.o_form_statusbar button:contains(Send Mailing)))" },
        { trigger: ".o_notebook .nav-link[name=mass_emails]", run: "click" },
        // a mass email is ended in its row
        { trigger: ".o_field_widget[name=mass_email_ids] .o_record_menu button", run: "click" },
        { trigger: ".o-dropdown-item:contains(/^End$/)", run: "click" },
        { trigger: ".modal .btn-primary:contains(/^End$/)", run: "click" },
        { trigger: ".o_field_widget[name=mass_email_ids] .o_data_row:contains(Complete)" },
        // another is added
        { trigger: ".o_add_mass_email.btn-primary", run: "click" },
        isMassEmailForm,
        { trigger: ".o_field_widget[name=contact_list_ids] .o_tag:contains(Customers)" },
        // who is in too much of a hurry is told what is missing
        { trigger: ".o_field_widget[name=subject] input, .o_field_widget[name=subject] textarea", run: "edit Hello" },
        { trigger: "button[name=action_check_and_set_pending]", run: "click" },
        { trigger: ".modal:contains(body)" },
        { trigger: ".modal .btn-close", run: "click" },
        // a new campaign, not saved yet, gets one at once
        { trigger: ".o_back_button", run: "click" },
        { trigger: ".o_field_widget[name=mass_email_ids] .o_data_row:contains(Draft)" },
        { trigger: ".o_form_button_create", run: "click" },
        { trigger: ".o_last_breadcrumb_item:contains(/^New$/)" },
        { trigger: ".o_field_widget[name=title] input", run: "edit Winter" },
        { trigger: ".o_field_widget[name=target_list_ids] input", run: "edit Customers" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Customers):first", run: "click" },
        { trigger: ".o_field_widget[name=target_list_ids] .o_tag:contains(Customers)" },
        { trigger: ".o_add_mass_email", run: "click" },
        isMassEmailForm,
        { trigger: ".o_field_widget[name=campaign_id] input:value(Winter)" },
        { trigger: ".o_field_widget[name=contact_list_ids] .o_tag:contains(Customers)" },
    ],
});
