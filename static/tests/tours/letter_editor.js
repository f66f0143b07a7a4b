import { registry } from "@web/core/registry";
import { assertClicks, guide } from "./guide_clicks";

// Links to tracking URLs and to the opt-out page, made in the real popover of the simple editor:
// of a mass email, and of an email template.

const popover = ".o-we-linkpopover";
const editable = ".o_form_view .odoo-editor-editable";
const save = [
    { trigger: ".o_form_button_save:enabled", run: "click" },
    { trigger: ".o_form_status_indicator:not(:has(.o_form_button_save:visible))" },
];

/** Put the cursor into a link, as a click does. */
const openLink = (text) => [
    {
        trigger: `${editable} a:contains(${text})`,
        run({ anchor }) {
            const link = document.createTreeWalker(anchor, NodeFilter.SHOW_TEXT);
            let node = link.nextNode();
            while (!node.textContent.includes(text)) {
                node = link.nextNode();
            }
            document.getSelection().collapse(node, 2);
            anchor.closest(".odoo-editor-editable").focus();
        },
    },
    { trigger: popover },
];
const edit = { trigger: `${popover} .o_we_edit_link`, run: "click" };
const type = (part, text) => ({ trigger: `${popover} .o_we_${part}`, run: `edit ${text}` });
const apply = [
    { trigger: `${popover} .o_we_apply_link:enabled`, run: "click" },
    { trigger: `body:not(:has(${popover} .o_we_apply_link))` },
];
const isCalled = (name) => ({ trigger: `${popover} .o_link_destination_title:contains(${name})` });

/** Choose a command by typing "/" in a line of its own. */
const command = (line, name) => [
    {
        trigger: `${editable} p:contains(${line})`,
        async run(actions) {
            await actions.editor("/");
            this.anchor
                .closest(".odoo-editor-editable")
                .dispatchEvent(new InputEvent("input", { inputType: "insertText", data: "/" }));
        },
    },
    { trigger: `.o-we-powerbox .o-we-command:contains(${name})`, run: "click" },
];
const choice = (name) => `${popover} .o-autocomplete--dropdown-item:contains(${name})`;

registry.category("web_tour.tours").add("letter_editor_mass_email", {
    steps: () => [
        // the text of a link is edited, its address stays
        ...openLink("see our offer"),
        isCalled("Tracking URL: Offer"),
        edit,
        { trigger: `${popover} .o_link_destination input:value(Offer)` },
        type("label_link", "look at it"),
        ...apply,
        { trigger: `${editable} a[href*="rackingUrl:"]:contains(look at it)` },
        // codes are typed by hand, as people and browsers write them
        ...openLink("a page"),
        edit,
        type("href_input_link", "https://{optOutUrl}"),
        ...apply,
        { trigger: `${editable} a[href="{optOutUrl}"]:contains(a page)` },
        // another tracking URL is picked in the popover
        ...openLink("another page"),
        edit,
        { trigger: `${popover} .o_link_destination input`, run: "edit dem" },
        { trigger: `${popover} .o-autocomplete--dropdown-menu:not(:contains(Offer))` },
        { trigger: choice("Demo"), run: "click" },
        { trigger: `${popover} .o_we_href_input_link:value({trackingUrl:)` },
        ...apply,
        { trigger: `${editable} a[href^="{trackingUrl:"]:contains(another page)` },
        // links are made by two commands; their text is the name of what they lead to
        guide("tracking url in the letter"),
        ...command("first line", "Tracking URL"),
        { trigger: choice("Offer"), run: "click" },
        guide(""),
        { trigger: `${editable} p a[href^="{trackingUrl:"]:contains(/Offer/)` },
        ...command("second line", "Opt-Out Link"),
        { trigger: `${editable} p a[href="{optOutUrl}"]:contains(Unsubscribe)` },
        ...save,
    ],
});

registry.category("web_tour.tours").add("letter_editor_mass_email_again", {
    steps: () => [
        ...openLink("look at it"),
        isCalled("Tracking URL: Offer"),
        ...openLink("a page"),
        isCalled("Opt-out page"),
        ...openLink("another page"),
        isCalled("Tracking URL: Demo"),
    ],
});

registry.category("web_tour.tours").add("letter_editor_template", {
    steps: () => [
        ...openLink("a page"),
        edit,
        { trigger: `${popover} .o_link_destination input`, run: "edit summer" },
        { trigger: choice("Summer: Offer"), run: "click" },
        ...apply,
        { trigger: `${editable} a[href^="{trackingUrl:"]:contains(a page)` },
        ...command("first line", "Opt-Out Link"),
        { trigger: `${editable} p a[href="{optOutUrl}"]:contains(Unsubscribe)` },
        ...save,
        ...openLink("a page"),
        isCalled("Tracking URL: Offer"),
    ],
});

registry.category("web_tour.tours").add("letter_editor_other_template", {
    steps: () => [
        // a template of something else has Odoo's own popover
        ...openLink("a page"),
        edit,
        { trigger: `${popover}:has(.o_we_href_input_link):not(:has(.o_link_destination))` },
    ],
});

assertClicks("letter_editor_mass_email");
