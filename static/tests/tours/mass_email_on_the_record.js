import { registry } from "@web/core/registry";

// On the record: why a lead was not mailed, and which list took her out; then her target lists.

registry.category("web_tour.tours").add("mass_email_why_not", {
    steps: () => [
        { trigger: ".o-form-buttonbox button[name=action_view_campaign_log]:contains(2)", run: "click" },
        { trigger: ".o_last_breadcrumb_item:contains(Campaign Log of Big deal)" },
        { trigger: ".o_data_row:contains(Summer offer) td[name=why_not]:contains(Excluded: Competitors)" },
        { trigger: ".o_data_row:contains(First news) td[name=why_not]:not(:contains(Excluded))" },
        { trigger: ".o_data_row:contains(Summer offer) td[name=why_not]", run: "click" },
        { trigger: ".o_form_view .alert:contains(Excluded: Competitors)" },
        { trigger: ".o_form_view .o_field_widget[name=excluding_list_id]:contains(Competitors)" },
        { trigger: ".breadcrumb-item a:contains(Campaign Log)", run: "click" },
        { trigger: ".o_data_row:contains(First news) td[name=why_not]", run: "click" },
        { trigger: ".o_form_view .o_field_widget[name=event_ids] .o_data_row:contains(Sent)" },
        { trigger: ".breadcrumb-item a:contains(/^Big deal$/), .o_breadcrumb a:contains(/^Big deal$/)", run: "click" },
    ],
});

registry.category("web_tour.tours").add("mass_email_target_lists", {
    steps: () => [
        { trigger: ".o-form-buttonbox button[name=action_view_target_lists]:contains(0)", run: "click" },
        { trigger: ".o_view_nocontent:contains(In no target list yet)" },
        { trigger: ".o_list_button_add", run: "click" },
        { trigger: ".o_selected_row [name=list_id] input", run: "edit Customers" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Customers)", run: "click" },
        { trigger: ".o_list_button_save", run: "click" },
        { trigger: ".o_data_row:contains(Customers) [name=membership]:contains(Member)" },
        { trigger: ".o_data_row button[name=action_opt_out]", run: "click" },
        { trigger: ".o_data_row [name=membership]:contains(Opted Out)" },
        { trigger: ".o_data_row button[name=action_cancel_opt_out]", run: "click" },
        { trigger: ".modal .btn-primary", run: "click" },
        { trigger: ".o_data_row [name=membership]:contains(Member)" },
        { trigger: ".o_back_button a, .breadcrumb-item a:contains(Ann Record)", run: "click" },
        { trigger: ".o-form-buttonbox button[name=action_view_target_lists]:contains(1)" },
        // the address is flagged, and the record says so
        { trigger: ".o_cp_action_menus button:has(.fa-cog)", run: "click" },
        { trigger: ".o-dropdown-item:contains(Mass Email Flags), .o_menu_item:contains(Mass Email Flags)", run: "click" },
        { trigger: ".modal .o_field_widget[name=dead] .o_radio_item:contains(Yes) input", run: "click" },
        { trigger: ".modal .o_field_widget[name=words] input", run: "edit told us on the phone" },
        { trigger: ".modal button[name=action_apply]", run: "click" },
        { trigger: ".o_form_view .alert:contains(told us on the phone)" },
    ],
});
