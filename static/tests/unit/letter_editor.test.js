import { DYNAMIC_PLACEHOLDER_PLUGINS } from "@html_editor/backend/plugin_sets";
import { MAIN_PLUGINS } from "@html_editor/plugin_sets";
import { setupEditor } from "@html_editor/../tests/_helpers/editor";
import { getContent } from "@html_editor/../tests/_helpers/selection";
import { cleanLinkArtifacts } from "@html_editor/../tests/_helpers/format";
import { insertText } from "@html_editor/../tests/_helpers/user_actions";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { codeIn } from "@mass_mailing_campaign/letter_editor/code";
import { LetterLinkPlugin } from "@mass_mailing_campaign/letter_editor/letter_link_plugin";
import { describe, expect, getFixture, test } from "@odoo/hoot";
import { press, waitFor } from "@odoo/hoot-dom";
import { animationFrame, Deferred, runAllTimers } from "@odoo/hoot-mock";
import { registry } from "@web/core/registry";
import { contains, onRpc } from "@web/../tests/web_test_helpers";

describe.current.tags("desktop");
defineMailModels();

const OFFER = {
    id: 4,
    title: "Offer",
    url: "https://www.example.com/offer",
    click_action: "redirect",
    campaign_id: [1, "Summer"],
};

/** The editor of a mass email whose campaign has one tracking URL, or others. */
async function letter(content, { isMarketer = true, record = {}, offers = [OFFER] } = {}) {
    onRpc("has_group", () => isMarketer);
    onRpc("link.tracker", "search_read", ({ kwargs }) => {
        const id = kwargs.domain.find(([field]) => field === "id");
        return id && id[2] !== OFFER.id ? [] : offers;
    });
    const data = { campaign_id: { id: 1, display_name: "Summer" }, delivery_mode: "portions" };
    const { editor, el } = await setupEditor(content, {
        config: {
            Plugins: [...MAIN_PLUGINS, ...DYNAMIC_PLACEHOLDER_PLUGINS, LetterLinkPlugin],
            dynamicPlaceholderResModel: "mailing.contact",
            getRecordInfo: () => ({ resModel: "mailing.mailing", data, ...record }),
        },
    });
    await animationFrame();
    return { editor, html: () => cleanLinkArtifacts(getContent(el)).replace(/[[\]]/g, "") };
}

test("a letter that is only read shows its fields within the line", () => {
    getFixture().innerHTML = `<div class="o_field_widget" name="body_arch"><div class="o_readonly">
        <p>Dear <t t-out="object.name">friend</t>, <t t-if="object.email">hello</t></p>
    </div></div>`;
    expect("[t-out]").toHaveStyle({ display: "inline" });
    expect("[t-if]").toHaveStyle({ display: "inline" });
});

test("a code is one however people and browsers write it", () => {
    for (const written of [
        ...["{trackingUrl:4}", "https://{trackingUrl:4}", "http://%7BtrackingUrl:4%7D/"],
        ...[" {trackingurl:4}", "{trackingUrl:4 }", "%7btrackingUrl:4%7d", "{trackingUrl:04}"],
    ]) {
        expect(codeIn(written)).toBe("{trackingUrl:4}");
    }
    expect(codeIn("https://{OPTOUTURL}")).toBe("{optOutUrl}");
    for (const other of [null, "", "https://example.com/{optOutUrl}", "{trackingUrl:}", "{x}"]) {
        expect(codeIn(other)).toBe("");
    }
});

for (const [typed, stored] of [
    ["{trackingUrl:4}", "{trackingUrl:4}"],
    ["%7BtrackingUrl:4%7D", "{trackingUrl:4}"],
    ["{optOutUrl}", "{optOutUrl}"],
    // the content check names it
    ["{trackingUrl:four}", "{trackingUrl:four}"],
    ["example.com/offer", "https://example.com/offer"],
]) {
    test(`${typed} is stored as ${stored}`, async () => {
        const { html } = await letter(`<p><a href="https://example.com">p[]age</a></p>`);
        await contains(".o-we-linkpopover .o_we_edit_link").click();
        await contains(".o-we-linkpopover .o_we_href_input_link").edit(typed, { confirm: false });
        await contains(".o-we-linkpopover .o_we_apply_link").click();
        expect(html()).toBe(`<p><a href="${stored}">page</a></p>`);
    });
}

test("a link without a text is called as what it leads to", async () => {
    const { html } = await letter(
        `<p><a href="%7BtrackingUrl:4%7D">%7BtrackingUrl:4%7D[]</a></p>`
    );
    await contains(".o-we-linkpopover .o_we_edit_link").click();
    await waitFor(".o_link_destination input:value(Offer)");
    await contains(".o-we-linkpopover .o_we_apply_link").click();
    expect(html()).toBe(`<p><a href="{trackingUrl:4}">Offer</a></p>`);
});

test("nothing is fetched of what a code leads to, and an unknown one is said to be", async () => {
    onRpc("/html_editor/link_preview_external", () => expect.step("external"));
    onRpc("/html_editor/link_preview_internal", () => expect.step("internal"));
    await letter(`<p><a href="{trackingUrl:5}">p[]age</a></p>`);
    await waitFor(".o_link_destination_title:contains(No such tracking URL)");
    expect(".o-we-linkpopover a.o_we_url_link").toHaveCount(0);
    expect.verifySteps([]);
});

test("who is no marketer is offered nothing", async () => {
    const { editor, html } = await letter(`<p>text[]</p>`, { isMarketer: false });
    await insertText(editor, "/");
    await waitFor(".o-we-powerbox");
    expect(".o-we-command:contains(Tracking URL)").toHaveCount(0);
    expect(".o-we-command:contains(Opt-Out Link)").toHaveCount(0);
    expect(html()).toBe("<p>text/</p>");
});

test("a link that is opened before the server says who asks is offered them, too", async () => {
    const answer = new Deferred();
    await letter(`<p><a href="{trackingUrl:4}">p[]age</a></p>`, { isMarketer: answer });
    await contains(".o-we-linkpopover .o_we_edit_link").click();
    expect(".o_link_destination").toHaveCount(0);
    answer.resolve(true);
    await waitFor(".o_link_destination input:value(Offer)");
});

test("a standard mailing is offered nothing: its codes would be sent as they are", async () => {
    const record = { data: { delivery_mode: "standard" } };
    const { editor } = await letter(`<p>text[]</p>`, { record });
    await insertText(editor, "/");
    await waitFor(".o-we-powerbox");
    expect(".o-we-command:contains(Tracking URL)").toHaveCount(0);
});

test("the designer knows codes with its blocks and without", () => {
    for (const editor of ["mass_mailing-plugins", "basic-editor-plugins"]) {
        expect(registry.category(editor).get(LetterLinkPlugin.id)).toBe(LetterLinkPlugin);
    }
});

test("a new tracking URL is named as what was looked for, and leads where the link did", async () => {
    onRpc("link.tracker", "create", ({ args }) => {
        expect.step(args[0]);
        return [OFFER.id];
    });
    const { html } = await letter(`<p><a href="https://www.example.com/sale">p[]age</a></p>`);
    await contains(".o-we-linkpopover .o_we_edit_link").click();
    await contains(".o_link_destination input").edit("Sale", { confirm: false });
    await runAllTimers();
    await contains(".o-autocomplete--dropdown-item:contains(New tracking URL)").click();
    expect(".o_new_name").toHaveValue("Sale");
    expect(".o_new_url").toHaveValue("https://www.example.com/sale");
    await contains(".o_make_link_destination").click();
    expect.verifySteps([
        [
            {
                is_tracking_url: true,
                title: "Sale",
                url: "https://www.example.com/sale",
                campaign_id: 1,
            },
        ],
    ]);
    await contains(".o-we-linkpopover .o_we_apply_link").click();
    expect(html()).toBe(`<p><a href="{trackingUrl:4}">page</a></p>`);
});

test("a selected text becomes a link to what is picked", async () => {
    await letter(`<p>[<b>text</b>]</p>`);
    await contains(".o-we-toolbar button[name=opt_out_link]").click();
    await waitFor("a[href='{optOutUrl}'] b:contains(text)");
    expect("a[href='{optOutUrl}']").toHaveText("text");
});

test("who asks for a tracking URL and presses Enter gets no opt-out link", async () => {
    const { editor, html } = await letter(`<p>text[]</p>`, { offers: [] });
    await insertText(editor, "/");
    await waitFor(".o-we-powerbox");
    expect(".o-we-command:first").toHaveText(/Tracking URL/);
    await press("Enter");
    await waitFor(".o-autocomplete--dropdown-item:contains(No tracking URL yet)");
    await press("Enter");
    await waitFor(".o_new_name:focus");
    expect(html()).toBe("<p>text</p>");
});
