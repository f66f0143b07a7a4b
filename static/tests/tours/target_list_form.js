import { registry } from "@web/core/registry";
import { assertClicks, guide } from "./guide_clicks";

// A target list is filled and emptied on its form.

const tab = (name, count) => ({
    trigger: `.o_target_list_members .nav-link[name=${name}]:contains(${count})`,
});
const click = (trigger) => ({ trigger, run: "click" });
const figure = (name, count) => ({
    trigger: `.o_target_list_figures[aria-busy=false] button[name=${name}]:contains(${count})`,
});

registry.category("web_tour.tours").add("target_list_form", {
    steps: () => [
        // all search results, more than a page has
        guide("members of a target list"),
        click(".o_target_list_members .nav-link[name=contact]"),
        { trigger: ".o_view_nocontent:contains(No contacts here)" },
        click(".o_select_targets"),
        {
            trigger: ".modal .o_searchview_input",
            run: "edit Wedding guest",
        },
        click(".o_searchview_autocomplete .o-dropdown-item:first"),
        { trigger: ".modal .o_facet_value:contains(Wedding guest)" },
        { trigger: ".modal .o_pager_limit:contains(90)" },
        click(".modal thead .o_list_record_selector input"),
        click(".modal .o_select_domain"),
        click(".modal .o_select_button"),
        guide(""),
        { trigger: ".o_notification:contains(90 added)" },
        tab("contact", 90),
        figure("will_receive", 91),
        { trigger: ".o_embedded_list .o_pager_limit:contains(90)" },
        // who opts out is on the tab of that name, and comes back
        {
            trigger: ".o_embedded_list .o_searchview_input",
            run: "edit Wedding guest 7",
        },
        click(".o_searchview_autocomplete .o-dropdown-item:first"),
        { trigger: ".o_embedded_list .o_pager_limit:contains(11)" },
        click(".o_data_row:contains(guest.7@) button[name=action_opt_out]"),
        { trigger: ".o_data_row:contains(guest.7@) button[name=action_cancel_opt_out]" },
        figure("opted_out", 1),
        click(".o_notebook .nav-link[name=opted_out]"),
        { trigger: ".o_data_row:contains(Wedding guest 7)" },
        // nothing is to be ticked where nothing can be done with it
        { trigger: ".o_embedded_list table:not(:has(.o_list_record_selector))" },
        click(".o_data_row button[name=action_cancel]"),
        { trigger: ".o_view_nocontent:contains(Nobody has left this list)" },
        figure("opted_out", 0),
        // who is ticked is removed, then everybody
        click(".o_notebook .nav-link[name=members]"),
        click(".o_embedded_list .o_data_row:first .o_list_record_selector input"),
        click(".o_remove_members"),
        click(".modal .btn-primary:contains(Remove)"),
        tab("contact", 89),
        click(".o_embedded_list thead .o_list_record_selector input"),
        click(".o_embedded_list .o_select_domain"),
        click(".o_remove_members"),
        click(".modal .btn-primary:contains(Remove)"),
        tab("contact", 0),
        // a plain address
        click(".o_target_list_members .nav-link[name=plain]"),
        click(".o_new_target"),
        { trigger: ".modal .o_field_widget[name=name] input", run: "edit Nina" },
        { trigger: ".modal .o_field_widget[name=email] input", run: "edit nina@example.com" },
        click(".modal .o_form_button_save"),
        tab("plain", 2),
        click(".o_remove_all"),
        { trigger: ".modal:contains(Opt-outs are remembered)" },
        click(".modal .btn-primary:contains(Remove All)"),
        tab("plain", 0),
        figure("members", 0),
        { trigger: ".o_last_breadcrumb_item:contains((0))" },
    ],
});

assertClicks("target_list_form");
