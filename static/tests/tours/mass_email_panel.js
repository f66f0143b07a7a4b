import { registry } from "@web/core/registry";

// The Mass Emails panel of a campaign, and what its rows offer.

const tours = registry.category("web_tour.tours");
const page = { trigger: ".o_notebook .nav-link[name=mass_emails]", run: "click" };
const menu = { trigger: ".o_field_widget[name=mass_email_ids] .o_record_menu button", run: "click" };
/** What is in sight of who does not scroll sideways. */
const inSight = (selector) => ({
    trigger: selector,
    run({ anchor }) {
        const { left, right } = anchor.getBoundingClientRect();
        if (left < 0 || right > document.documentElement.clientWidth) {
            throw new Error(`${selector} is out of sight`);
        }
    },
});

tours.add("mass_email_panel_on_a_phone", {
    steps: () => [
        page,
        inSight(".o_field_widget[name=mass_email_ids] .badge:contains(Draft)"),
        inSight(".o_field_widget[name=mass_email_ids] .o_record_menu button"),
        inSight(".o_add_mass_email"),
        menu,
        { trigger: ".o-dropdown-item:contains(Set Pending)", run: "click" },
        { trigger: ".modal .btn-primary:contains(Set Pending)", run: "click" },
        inSight(".o_field_widget[name=mass_email_ids] .badge:contains(Pending)"),
        menu,
        { trigger: ".o-dropdown-item:contains(Back to Draft)" },
        { trigger: ".o-dropdown-item:contains(Pause)" },
    ],
});

tours.add("mass_email_to_unopened", {
    steps: () => [
        page,
        { trigger: ".o_field_widget[name=mass_email_ids] .o_data_row:contains(Roses):contains(Complete)" },
        menu,
        { trigger: ".o-dropdown-item:contains(Preview)" },
        { trigger: ".o-dropdown-item:contains(Send to Who Did Not Open):not(.disabled)", run: "click" },
        { trigger: ".o_field_widget[name=contact_list_ids] .o_tag:contains(Roses: Did Not Open)" },
        { trigger: ".o_arrow_button_current:contains(Draft)" },
    ],
});
