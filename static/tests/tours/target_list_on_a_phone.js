import { registry } from "@web/core/registry";

// What a marketer does to members, where there is no room for rows.

const click = (trigger) => ({ trigger, run: "click" });
const figure = (name, count) => ({
    trigger: `.o_target_list_figures[aria-busy=false] button[name=${name}]:contains(${count})`,
});
const card = (name) => `.o_embedded_list .o_kanban_record:contains(${name})`;

registry.category("web_tour.tours").add("target_list_on_a_phone", {
    steps: () => [
        { trigger: "body:not(:has(.o_embedded_list table))" },
        click(`${card("Anna")} button[name=action_opt_out]`),
        { trigger: `${card("Anna")}:contains(Opted Out) button[name=action_cancel_opt_out]` },
        figure("opted_out", 1),
        click(".o_notebook .nav-link[name=opted_out]"),
        click(`${card("Anna")} button[name=action_cancel]`),
        { trigger: ".o_view_nocontent:contains(Nobody has left this list)" },
        figure("opted_out", 0),
        click(".o_notebook .nav-link[name=members]"),
        click(`${card("Bob")} button[name=action_remove]`),
        figure("members", 1),
        click(".o_target_list_members .nav-link[name=contact]"),
        click(".o_select_targets"),
        click(".modal .o_kanban_record:contains(Aaron Guest)"),
        { trigger: ".o_notification:contains(1 added)" },
        figure("members", 2),
        // criteria, too
        click(".o_notebook .nav-link[name=criteria]"),
        click(".o_field_widget[name=criterion_ids] .o-kanban-button-new"),
        { trigger: ".modal .alert:contains(Without a condition all of them become members)" },
        click(".modal .o_form_button_save"),
        click(".o_field_widget[name=criterion_ids] button[name=action_delete]"),
        click(".modal .btn-primary:contains(Delete)"),
        { trigger: "body:not(:has(.o_field_widget[name=criterion_ids] button[name=action_delete]))" },
        // a figure opens its members as cards, too
        click(".o_target_list_figures button[name=members]"),
        { trigger: ".o_last_breadcrumb_item:contains(Members), .o_breadcrumb:contains(Members)" },
        { trigger: ".o_kanban_record:contains(Anna) button[name=action_opt_out]" },
    ],
});
