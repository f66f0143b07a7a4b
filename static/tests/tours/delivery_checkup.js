import { registry } from "@web/core/registry";

const action = ".o_kanban_record:contains(Scheduled Action)";

registry.category("web_tour.tours").add("delivery_checkup", {
    steps: () => [
        // where the campaigns are, a red dot leads to what is wrong
        { trigger: ".o_mass_email_dot", run: "click" },
        { trigger: `${action}:has(.fa-times-circle):contains(switched off)` },
        { trigger: `${action} button:contains(Switch It On)`, run: "click" },
        { trigger: `${action}:has(.fa-check-circle) button:contains(Run It Now)` },
        { trigger: ".o_control_panel button:contains(Check Again)", run: "click" },
        { trigger: `${action}:has(.fa-check-circle)` },
        // the campaigns have no dot any more
        { trigger: ".o_main_navbar [data-menu-xmlid='mass_mailing.menu_email_campaigns']", run: "click" },
        { trigger: ".o_control_panel:contains(Campaigns):not(:has(.o_mass_email_dot))" },
    ],
});

registry.category("web_tour.tours").add("delivery_checkup_on_a_phone", {
    steps: () => [
        { trigger: `${action}:has(.fa-times-circle):contains(switched off)` },
        { trigger: `${action} button:contains(Switch It On)`, run: "click" },
        { trigger: `${action}:has(.fa-check-circle) button:contains(Run It Now)` },
    ],
});
