import { registry } from "@web/core/registry";

/** What a user decides on while a mass email goes out: pause it, and what to do with the unknown. */
registry.category("web_tour.tours").add("mass_email_decisions", {
    steps: () => [
        { trigger: ".alert:contains(Unknown messages:1)" },
        { trigger: "button[name=action_pause]", run: "click" },
        { trigger: ".o_why_waiting:contains(Paused by Marta Marketer)" },
        { trigger: ".o_arrow_button_current:contains(Paused)" },
        { trigger: "button[name=action_resume]", run: "click" },
        { trigger: "button[name=action_pause]" },
        { trigger: ".o_why_waiting:contains(too many connections. Next attempt)" },
        { trigger: "button[name=action_try_now]", run: "click" },
        { trigger: ".o_why_waiting:contains(tried again right now)" },
        { trigger: ".o_form_view:not(:has(button[name=action_try_now]:visible))" },
        { trigger: "button[name=action_leave_unknown]", run: "click" },
        { trigger: ".o_form_view:not(:has(.alert:contains(unknown)))" },
    ],
});
