import { registry } from "@web/core/registry";

// The figures of a campaign open their people; machines are counted by a switch.

const click = (trigger) => ({ trigger, run: "click" });
const figure = (name, text) => ({
    trigger: `.o_people_figures[aria-busy=false] button[name=${name}]:contains(${text})`,
});
const back = click(".o_back_button, .breadcrumb-item a:contains(Summer)");
const firstTabIsOnTheFirstScreen = {
    trigger: ".o_notebook .nav-link:first",
    run() {
        const { top } = this.anchor.getBoundingClientRect();
        if (top > window.innerHeight) {
            throw new Error(`The first tab begins at ${top} of ${window.innerHeight} pixels`);
        }
    },
};
const nothingIsCutOff = {
    trigger: ".o_people_figures_grid",
    run() {
        const { scrollWidth, clientWidth } = document.querySelector(".o_content");
        if (scrollWidth > clientWidth) {
            throw new Error(`${scrollWidth} pixels on a screen of ${clientWidth}`);
        }
    },
};

const tours = registry.category("web_tour.tours");
tours.add("campaign_figures", {
    steps: () => [
        // the status is set on the bar
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Planning)" },
        click(".o_statusbar_status button[data-value=active]"),
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Active)" },
        { trigger: ".o_form_status_indicator:not(:has(.o_form_button_save:visible))" },
        // behind which nobody stands
        figure("opted_in", "0"),
        click(".o_people_figures button[name=opted_in]"),
        { trigger: ".o_view_nocontent_smiling_face:contains(Nobody yet)" },
        back,
        figure("sent", "4"),
        figure("clicked", "25%"),
        figure("bounced", "For Good: 1"),
        firstTabIsOnTheFirstScreen,
        nothingIsCutOff,
        click(".o_people_figures button[name=clicked]"),
        { trigger: ".o_last_breadcrumb_item:contains(Clicked)" },
        { trigger: ".o_data_row:contains(anna@example.com)" },
        { trigger: ".o_list_view:not(:has(.o_data_row:contains(bob@example.com)))" },
        back,
        // with machines it is two
        click(".o_with_machines input"),
        figure("clicked", "50%"),
        click(".o_people_figures button[name=clicked]"),
        { trigger: ".o_data_row:contains(bob@example.com)" },
        back,
        figure("clicked", "50%"),
        click(".o_with_machines input"),
        figure("clicked", "25%"),
        { trigger: ".o_field_widget[name=mass_email_ids] .o_data_row:contains(1 (25%))" },
    ],
});

tours.add("campaign_figures_on_a_phone", {
    steps: () => [
        figure("sent", "4"),
        figure("clicked", "25%"),
        firstTabIsOnTheFirstScreen,
        nothingIsCutOff,
        // the log: chips, and lines as cards
        click(".o_notebook .nav-link[name=log]"),
        click(".o_log_chip[name=clicked]:contains(1)"),
        { trigger: ".o_campaign_log .o_kanban_record:contains(anna):contains(Offer)" },
        nothingIsCutOff,
        click(".o_notebook .nav-link[name=statistics]"),
        { trigger: ".o_funnel_step[data-type=clicked]:contains(25%)" },
        { trigger: ".o_curve_canvas canvas" },
        nothingIsCutOff,
        click(".o_people_figures button[name=clicked]"),
        { trigger: ".o_kanban_record:contains(Anna), .o_data_row:contains(Anna)" },
    ],
});

tours.add("campaign_lists", {
    steps: () => [
        { trigger: ".o_kanban_group:contains(Planning) .o_kanban_record:contains(Summer):contains(25%)" },
        { trigger: ".o_kanban_group:contains(Complete)" },
        click(".o_switch_view.o_list"),
        { trigger: ".o_data_row:contains(Summer):contains(Newsletter):contains(Planning):contains(1 (25%))" },
        click("button[data-menu-xmlid='mass_mailing_campaign.mass_email_menu']"),
        click(".o-dropdown-item:contains(Mass Emails)"),
        { trigger: ".o_data_row:contains(Complete):contains(1 (25%))" },
        click("button[data-menu-xmlid='mass_mailing_campaign.mass_email_menu']"),
        click(".o-dropdown-item:contains(Tracking URLs)"),
        click(".o_data_row:contains(Offer) td[name=title]"),
        { trigger: ".o_form_view .o_field_widget[name=campaign_id]" },
    ],
});
