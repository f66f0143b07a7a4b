import { registry } from "@web/core/registry";

/** What a user decides on while a mass email goes out: pause it, and what to do with the unknown. */
registry.category("web_tour.tours").add("mass_email_decisions", {
    steps: () => [
        { trigger: ".alert:contains(Unknown messages:1)" },
        { trigger: "button[name=action_pause]", run: "click" },
        { trigger: ".alert:contains(Paused)" },
        { trigger: "button[name=action_resume]", run: "click" },
        { trigger: "button[name=action_pause]" },
        { trigger: ".alert:contains(Not going out right now) button[name=action_try_now]", run: "click" },
        { trigger: ".alert:contains(Nobody is lost):not(:contains(next attempt))" },
        { trigger: "button[name=action_leave_unknown]", run: "click" },
        { trigger: ".o_form_view:not(:has(.alert:contains(unknown)))" },
    ],
});
