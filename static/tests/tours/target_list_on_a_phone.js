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
        // a figure opens its members as cards, too
        click(".o_target_list_figures button[name=members]"),
        { trigger: ".o_last_breadcrumb_item:contains(Members), .o_breadcrumb:contains(Members)" },
        { trigger: ".o_kanban_record:contains(Anna) button[name=action_opt_out]" },
    ],
});
