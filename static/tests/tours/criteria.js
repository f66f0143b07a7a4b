import { registry } from "@web/core/registry";

// A target list that fills itself: a criterion is written down, synced, breaks, is deleted.

const openCriteria = { trigger: ".o_notebook .nav-link[name=criteria]", run: "click" };
const sync = { trigger: "button[name=action_sync]:contains(Sync Now)", run: "click" };
const row = ".o_field_widget[name=criterion_ids] .o_data_row:contains(Fitting people)";

registry.category("web_tour.tours").add("target_list_criteria", {
    steps: () => [
        openCriteria,
        { trigger: ".o_field_x2many_list_row_add a:contains(Add a criterion)", run: "click" },
        { trigger: ".modal .o_field_widget[name=mode] label:contains(Keep Equal)", run: "click" },
        { trigger: ".modal .o_field_widget[name=kind] label:contains(Saved Filter)", run: "click" },
        { trigger: ".modal .o_field_widget[name=filter_id] input", run: "edit Fitting" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Fitting people)", run: "click" },
        { trigger: ".modal .o_form_button_save", run: "click" },
        { trigger: row },
        sync,
        { trigger: ".o_notification:contains(3 added, 0 removed, 0 already there.)" },
        { trigger: `${row} td[name=added_count]:contains(3)` },
    ],
});

registry.category("web_tour.tours").add("target_list_criteria_again", {
    steps: () => [
        openCriteria,
        { trigger: `${row} button[name=action_sync]`, run: "click" },
        { trigger: ".o_notification:contains(0 added, 2 removed, 1 already there.)" },
        { trigger: `${row} td[name=removed_count]:contains(2)` },
    ],
});

registry.category("web_tour.tours").add("target_list_criteria_broken", {
    steps: () => [
        openCriteria,
        sync,
        { trigger: ".alert-warning:contains(by Marta Marketer: Its saved filter is deleted.)" },
        openCriteria,
        {
            trigger: ".o_field_widget[name=criterion_ids] button[name=action_delete]",
            run: "click",
        },
        { trigger: ".modal:contains(stay in the list) .btn-primary", run: "click" },
        { trigger: "body:not(:has(.alert-warning:contains(Marta)))" },
        { trigger: ".o_notebook:not(:has(button[name=action_delete]))" },
    ],
});
