import { registry } from "@web/core/registry";

// A letter before it is sent: looked at as its recipients will, kept as a template, checked, and
// sent as a test.

const tours = registry.category("web_tour.tours");
const page = ".modal .o_mass_email_page iframe";
const shows = (name) => ({ trigger: `${page}[srcdoc*="Dear ${name}"]` });
const tab = (name) => ({ trigger: `.modal .nav-link[name=${name}]`, run: "click" });
const close = [
    { trigger: ".modal footer button[special=cancel], .modal .btn-close", run: "click" },
    { trigger: "body:not(:has(.modal))" },
];
const finding = (kind, severity) => ({
    trigger: `.modal .o_mass_email_findings [data-kind=${kind}][data-severity=${severity}]`,
});

tours.add("letter_preview", {
    steps: () => [
        { trigger: "button[name=action_preview]", run: "click" },
        shows("Anna"),
        { trigger: ".modal .o_field_widget[name=subject]:contains(News for Anna)" },
        { trigger: ".modal .o_field_widget[name=preheader]:contains(Seeds and tools)" },
        { trigger: `${page}[sandbox=""]:not([srcdoc*="/mailing/open/"])` },
        { trigger: ".modal button[data-device=phone]", run: "click" },
        { trigger: `${page}[style*="375px"]` },
        { trigger: ".modal .o_preview_next", run: "click" },
        shows("Bob"),
        { trigger: ".modal .o_preview_next", run: "click" },
        { trigger: ".modal .o_preview_next:disabled" },
        { trigger: ".modal .o_preview_previous", run: "click" },
        shows("Anna"),
        { trigger: ".modal .o_field_widget[name=contact_id] input", run: "edit Bob" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Bob)", run: "click" },
        shows("Bob"),
        tab("text"),
        { trigger: ".modal .o_field_widget[name=text]:contains(Dear Bob)" },
        tab("links"),
        { trigger: ".modal .o_field_widget[name=links]:contains(Tracking URL “Offer”)" },
        tab("headers"),
        { trigger: ".modal .o_field_widget[name=headers]:contains(List-Unsubscribe)" },
        ...close,
    ],
});

tours.add("letter_save_as_template", {
    steps: () => [
        { trigger: "button[name=action_save_as_template]", run: "click" },
        { trigger: ".modal .o_field_widget[name=name] input", run: "edit Monthly news" },
        { trigger: ".modal button[name=action_save]", run: "click" },
        { trigger: ".o_notification a:contains(Monthly news)" },
        { trigger: "body:not(:has(.modal))" },
    ],
});

tours.add("letter_check_error", {
    steps: () => [
        { trigger: "button[name=action_check_and_set_pending]", run: "click" },
        finding("code_misspelt", "error"),
        finding("link_empty", "warning"),
        { trigger: ".modal:not(:has(button[name=action_set_pending]:visible))" },
        ...close,
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Draft)" },
    ],
});

tours.add("letter_check_warning", {
    steps: () => [
        { trigger: "button[name=action_check]", run: "click" },
        finding("link_empty", "warning"),
        ...close,
        { trigger: "button[name=action_check_and_set_pending]", run: "click" },
        finding("link_empty", "warning"),
        { trigger: ".modal button[name=action_set_pending]", run: "click" },
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Pending)" },
    ],
});

tours.add("letter_send_test", {
    steps: () => [
        { trigger: "button[name=action_send_test]", run: "click" },
        { trigger: ".modal .o_field_widget[name=user_ids] .o_tag .o_delete", run: "click" },
        {
            trigger: ".modal .o_field_widget[name=addresses] textarea",
            run: "edit new@example.com, blocked@example.com",
        },
        { trigger: ".modal button[name=action_send]:visible", run: "click" },
        { trigger: ".modal .o_send_test_results .o_kanban_record:contains(new@example.com):contains(sent)" },
        { trigger: ".modal .o_kanban_record:contains(blocked@example.com):contains(Blacklisted)" },
        ...close,
    ],
});

// The same with a thumb.
const fits = {
    trigger: ".modal .o_form_view, body:not(:has(.modal)) .o_form_view",
    run() {
        const { scrollWidth } = document.documentElement;
        if (scrollWidth > window.innerWidth) {
            throw new Error(`${scrollWidth} pixels on a screen of ${window.innerWidth}`);
        }
    },
};
tours.add("letter_on_a_phone", {
    steps: () => [
        fits,
        { trigger: "button[name=action_preview]", run: "click" },
        shows("Anna"),
        { trigger: ".modal .o_preview_next", run: "click" },
        shows("Bob"),
        fits,
        ...close,
        { trigger: "button[name=action_send_test]", run: "click" },
        { trigger: ".modal .o_field_widget[name=user_ids] .o_tag .o_delete", run: "click" },
        { trigger: ".modal .o_field_widget[name=addresses] textarea", run: "edit new@example.com" },
        fits,
        { trigger: ".modal button[name=action_send]:visible", run: "click" },
        { trigger: ".o_notification:contains(new@example.com)" },
        { trigger: "body:not(:has(.modal))" },
        { trigger: "button[name=action_check_and_set_pending]", run: "click" },
        finding("link_empty", "warning"),
        fits,
        { trigger: ".modal button[name=action_set_pending]", run: "click" },
        { trigger: ".o_statusbar_status button:contains(Pending)" },
        { trigger: "button[name=action_pause]", run: "click" },
        { trigger: ".o_why_waiting:contains(Paused by Marta Marketer)" },
        fits,
    ],
});
