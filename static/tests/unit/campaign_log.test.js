import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { PROGRESS } from "@mass_mailing_campaign/campaign_form/progress";
import { byTime } from "@mass_mailing_campaign/statistics/curve";
import { shareOf } from "@mass_mailing_campaign/statistics/share";
import { describe, expect, test } from "@odoo/hoot";
import { press, queryAllTexts, waitFor } from "@odoo/hoot-dom";
import { advanceTime, animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    getService,
    makeServerError,
    models,
    mountView,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";

describe.current.tags("desktop");
defineMailModels();

class Campaign extends models.Model {
    _name = "utm.campaign";

    title = fields.Char();
    _records = [{ id: 1, title: "Summer" }];
}

class Line extends models.Model {
    _name = "mailing.trace.event";

    event_type = fields.Selection({ selection: [["sent", "Sent"], ["clicked", "Clicked"]] });
    email = fields.Char();
    campaign_id = fields.Integer();

    _records = [
        { id: 1, event_type: "sent", email: "anna@example.com", campaign_id: 1 },
        { id: 2, event_type: "clicked", email: "anna@example.com", campaign_id: 1 },
    ];
    _views = {
        "list,mass_mailing_campaign.mailing_trace_event_view_list_panel": `<list>
            <field name="event_type"/><field name="email"/>
        </list>`,
        "search,mass_mailing_campaign.mailing_trace_event_view_search_panel": `<search>
            <field name="email"/>
        </search>`,
    };
}

defineModels([Campaign, Line]);

const FIGURES = {
    domain: [["campaign_id", "=", 1]],
    counts: { sent: 1, clicked: 1 },
    are_openings_tracked: false,
    is_sending: false,
};

/** The campaign form with its log on a page of its own, which is not the first. */
async function campaignForm(figures = {}) {
    onRpc("utm.campaign", "get_log_figures", () => {
        expect.step("count");
        return { ...FIGURES, ...figures };
    });
    onRpc("mailing.trace.event", "web_search_read", () => expect.step("list"));
    await mountView({
        type: "form",
        resModel: "utm.campaign",
        resId: 1,
        arch: `<form><field name="title"/><notebook>
            <page string="Other" name="other"/>
            <page string="Log" name="log"><widget name="campaign_log"/></page>
        </notebook></form>`,
    });
}

async function openLog() {
    await contains(".nav-link[name=log]").click();
    await waitFor(".o_campaign_log .o_data_row");
}

test("the log is not asked for before its page is opened", async () => {
    await campaignForm();
    expect.verifySteps([]);
    await openLog();
    expect.verifySteps(["count", "list"]);
});

test("chips count, and there is none of openings that are not tracked", async () => {
    await campaignForm();
    await openLog();
    expect(queryAllTexts(".o_log_chip")).toEqual([
        ...["All 2", "Sent 1", "Clicked 1", "Opted Out 0", "Bounced 0"],
        ...["Replied 0", "Opted In 0", "Lead Created 0"],
    ]);
    expect.verifySteps(["count", "list"]);
    await contains(".o_log_chip[name=clicked]").click();
    await animationFrame();
    expect(".o_campaign_log .o_data_row").toHaveCount(1);
    expect(".o_campaign_log .o_data_row").toHaveText(/Clicked/);
    expect.verifySteps(["list"]);
});

test("nothing is polled while nothing is sent", async () => {
    await campaignForm();
    await openLog();
    expect.verifySteps(["count", "list"]);
    await advanceTime(60000);
    expect.verifySteps([]);
});

test("while it is sending the log is looked at again, and the list when there is more", async () => {
    const figures = { is_sending: true };
    await campaignForm(figures);
    await openLog();
    expect.verifySteps(["count", "list"]);
    await advanceTime(13000);
    expect.verifySteps(["count"]);
    figures.counts = { sent: 2, clicked: 1 };
    await advanceTime(13000);
    await animationFrame();
    expect(".o_log_chip[name=sent]").toHaveText("Sent 2");
    expect.verifySteps(["count", "list"]);
});

test("a look that nobody asked for and that fails is no error, and what is shown stays", async () => {
    await campaignForm({ is_sending: true });
    await openLog();
    onRpc("utm.campaign", "get_log_figures", () => {
        expect.step("failed");
        throw makeServerError({ type: "MissingError" });
    });
    expect.verifySteps(["count", "list"]);
    await advanceTime(13000);
    expect.verifySteps(["failed"]);
    expect(".o_log_chip[name=sent]").toHaveText("Sent 1");
    expect(".o_campaign_log .o_data_row").toHaveCount(2);
});

test("the keyboard, too, chooses no preset that finds nobody", async () => {
    await campaignForm();
    await openLog();
    onRpc("mailing.list.from.log", "count_presets", () => ({ clicked: 0, not_opened: null }));
    onRpc("mailing.list.from.log", "create_from_preset", () => expect.step("created"));
    await contains(".o_campaign_log .o_record_menu button").click();
    const none = ".o-dropdown-item[aria-disabled=true]";
    await waitFor(none);
    expect(queryAllTexts(none, { inline: true })).toEqual([
        "Clicked 0",
        "Did Not Open not tracked",
    ]);
    await press("ArrowDown");
    await press("Enter");
    await animationFrame();
    expect.verifySteps(["count", "list"]);
});

test("the server's word of progress is heard, of this campaign only", async () => {
    await campaignForm();
    let tell;
    patchWithCleanup(getService("bus_service"), {
        subscribe(type, callback) {
            tell = type === PROGRESS ? callback : tell;
            return super.subscribe(type, callback);
        },
    });
    await openLog();
    expect.verifySteps(["count", "list"]);
    tell({ campaign_id: 2, mailing_ids: [7] });
    await advanceTime(3000);
    expect.verifySteps([]);
    tell({ campaign_id: 1, mailing_ids: [8] });
    tell({ campaign_id: 1, mailing_ids: [8] });
    await advanceTime(3000);
    expect.verifySteps(["count", "count"]); // at once, and after a pause for the rest
});

test("a share has a decimal where there is one, and there is none without a whole", () => {
    expect(shareOf(1, 0)).toBe("–");
    expect(shareOf(0, 10)).toBe("0%");
    expect(shareOf(1, 30)).toBe("3.3%");
    expect(shareOf(15, 30)).toBe("50%");
});

test("a curve adds up hours, and ends where nothing more happens", () => {
    const points = [[0, 5], [1, 2], [30, 1], [100, 1]];
    const hours = byTime(points, { hours: 1, count: 48 });
    expect(hours).toHaveLength(31);
    expect([hours[0], hours[1], hours[30]]).toEqual([5, 2, 1]);
    expect(byTime(points, { hours: 24, count: 60 })).toEqual([7, 1, 0, 0, 1]);
    expect(byTime([], { hours: 1, count: 48 })).toEqual([0, 0]);
});
