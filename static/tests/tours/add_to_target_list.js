import { registry } from "@web/core/registry";

// From a filtered list of leads into target lists: three that are ticked, then all that are found.

const add = (list) => [
    { trigger: ".o_cp_action_menus .dropdown-toggle:has(.fa-cog)", run: "click" },
    { trigger: ".o-dropdown-item:contains(Add to Target List)", run: "click" },
    { trigger: ".modal .o_field_widget[name=list_ids] input", run: `edit ${list}` },
    { trigger: `.o-autocomplete--dropdown-item:contains(${list}):first`, run: "click" },
    { trigger: `.modal .o_field_widget[name=list_ids] .o_tag:contains(${list})` },
    { trigger: ".modal button[name=action_add]", run: "click" },
];
const tick = (row) => ({
    trigger: `.o_data_row:eq(${row}) .o_list_record_selector input`,
    run: "click",
});

registry.category("web_tour.tours").add("add_to_target_list", {
    steps: () => [
        tick(0),
        tick(1),
        tick(2),
        { trigger: ".o_selection_box:contains(3)" },
        ...add("Three"),
        { trigger: ".o_notification:contains(Three: 3 added)" },
        { trigger: ".o_list_view:not(:has(.o_selection_box))" },
        { trigger: "thead .o_list_record_selector input", run: "click" },
        { trigger: ".o_select_domain", run: "click" },
        { trigger: ".o_selection_box:contains(90)" },
        ...add("All Found"),
        { trigger: ".o_notification:contains(All Found: 90 added)" },
    ],
});
