import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const figure = (key, count) => ({
    trigger: `.o_audience_figures:not(.o_stale) button[data-key="${key}"]:contains(/^${count}$/)`,
});
const list = (field, name) => [
    { trigger: `.o_field_widget[name=${field}] input`, run: `edit ${name}` },
    { trigger: `.o-autocomplete--dropdown-item:contains(${name})`, run: "click" },
    { trigger: `.o_field_widget[name=${field}] .o_tag:contains(${name})` },
];

/** Who gets a mass email, before it is queued: figures that follow the form, and their people. */
tours.add("mass_email_audience", {
    steps: () => [
        // a new mass email of the campaign has no list yet
        { trigger: ".o_audience_empty:contains(Choose a target list)" },
        ...list("contact_list_ids", "Readers"),
        // counted before the form is saved
        figure("mailed", 3),
        figure("mail_optout", 1),
        ...list("excluding_list_ids", "Rivals"),
        figure("mailed", 2),
        { trigger: ".o_mass_email_audience:contains(Excluded by Rivals)" },
        figure("recent", 1),
        { trigger: ".o_mass_email_audience:contains(of them were written to in the last 7 days)" },
        // a figure opens its people, and the form is saved on the way
        { trigger: ".o_field_widget[name=subject] input, .o_field_widget[name=subject] textarea", run: "edit Hello" },
        { trigger: "button[data-key^='excluded/']", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains(Rita):contains(Excluded by Rivals)" },
        { trigger: ".o_last_breadcrumb_item:contains(Excluded by Rivals)" },
        { trigger: ".o_back_button, .breadcrumb-item a:contains(Hello)", run: "click" },
        figure("mailed", 2),
        // nobody left
        { trigger: ".o_field_widget[name=contact_list_ids] .o_tag .o_delete", run: "click" },
        { trigger: ".o_audience_empty" },
        ...list("contact_list_ids", "Rivals"),
        { trigger: ".o_audience_nobody:contains(Nobody will get it)" },
        { trigger: ".o_form_button_save", run: "click" },
        { trigger: ".o_form_status_indicator:not(:has(.o_form_button_save:visible))" },
    ],
});
