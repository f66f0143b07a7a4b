import { registry } from "@web/core/registry";

// A marketer reads the log of a campaign, searches it, and looks at the statistics.

const click = (trigger) => ({ trigger, run: "click" });
const page = (name) => click(`.o_notebook .nav-link[name=${name}]`);
const chip = (name, count) => ({
    trigger: `.o_campaign_log[aria-busy=false] .o_log_chip[name=${name}]:contains(${count})`,
});
const listed = (count) => ({
    trigger: `.o_campaign_log .o_pager_limit:contains(/^${count}$/)`,
});
const search = (text, label) => [
    { trigger: ".o_campaign_log .o_searchview_input", run: `edit ${text}` },
    click(`.o_searchview_autocomplete .o-dropdown-item:contains(${label})`),
];

registry.category("web_tour.tours").add("campaign_log", {
    steps: () => [
        page("log"),
        chip("all", 8),
        chip("sent", 4),
        chip("bounced", 1),
        listed(8),
        // a chip shows what it counts, newest first, in words
        click(".o_log_chip[name=clicked]"),
        { trigger: ".o_log_chip[name=clicked][aria-pressed=true]" },
        listed(1),
        { trigger: ".o_campaign_log .o_data_row:contains(Anna):contains(Offer)" },
        // of the lines that are ticked, too
        click(".o_campaign_log .o_data_row .o_list_record_selector input"),
        click(".o_campaign_log .o_selection_container .dropdown-toggle"),
        click(".o-dropdown-item:contains(Create Target List)"),
        { trigger: ".modal .o_field_widget[name=contact_count]:contains(1)" },
        click(".modal .o_form_button_cancel, .modal .btn-close"),
        { trigger: "body:not(:has(.modal))" },
        click(".o_log_chip[name=bounced]"),
        { trigger: ".o_campaign_log .o_data_row:contains(For Good: 550 no such user)" },
        // the list is made of whom the chip shows
        click(".o_campaign_log .o_record_menu button"),
        click(".o-dropdown-item:contains(Create Target List)"),
        { trigger: ".modal .o_field_widget[name=did_ids] .o_tag:contains(Bounced)" },
        click(".modal .o_form_button_cancel, .modal .btn-close"),
        { trigger: "body:not(:has(.modal))" },
        // by address, by mass email, and the chip stays
        click(".o_log_chip[name=sent]"),
        listed(4),
        ...search("anna@", "Email"),
        listed(2),
        click(".o_campaign_log .o_facet_remove"),
        listed(4),
        ...search("Second", "Mass Email"),
        listed(2),
        click(".o_log_chip[name=all]"),
        listed(6),
        click(".o_campaign_log .o_facet_remove"),
        listed(8),
        // what counts nowhere is shown on demand
        click(".o_log_machines"),
        chip("opened", 3),
        { trigger: ".o_campaign_log .o_data_row:contains(Machine)" },
        click(".o_log_machines"),
        chip("opened", 2),
        // a line opens what it tells of
        click(".o_log_chip[name=clicked]"),
        listed(1),
        click(".o_campaign_log .o_data_row .o_data_cell[name=details]"),
        { trigger: ".modal .o_field_widget[name=url] input:value(https://www.example.com/offer)" },
        click(".modal .btn-close"),
        { trigger: "body:not(:has(.modal))" },

        page("statistics"),
        { trigger: ".o_funnel_step[data-type=sent]:contains(4)" },
        { trigger: ".o_funnel_step[data-type=opened]:contains(2):contains(50)" },
        { trigger: ".o_funnel_step[data-type=clicked]:contains(1):contains(25)" },
        { trigger: ".o_funnel_step[data-type=bounced_final]:contains(1)" },
        { trigger: ".o_curve_canvas canvas" },
        click(".o_statistics_curve button[name=days]"),
        { trigger: ".o_statistics_curve button[name=days].active" },
        { trigger: ".o_statistics_compared tr:contains(Second)" },
        { trigger: ".o_statistics_links tr:contains(Offer):contains(1)" },
        // both mass emails have the link: the letter that was sent last is shown first
        { trigger: ".o_statistics_letter select" },
        { trigger: ".o_click_map .o_click_badge:contains(1)" },
        click(".o_statistics_compared button:contains(First)"),
        { trigger: ".o_breadcrumb .o_last_breadcrumb_item:contains(First)" },
        page("statistics"),
        { trigger: ".o_form_view .o_funnel_step[data-type=sent]:contains(2)" },
        { trigger: ".o_click_map .o_click_badge" },
        click(".o_open_analysis"),
        { trigger: ".o_pivot_view" },
    ],
});
