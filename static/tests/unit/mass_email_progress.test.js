import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { describe, expect, test } from "@odoo/hoot";
import { advanceTime, animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    MockServer,
    mockService,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";

describe.current.tags("desktop");
defineMailModels();

const STATUSES = [
    ["pending", "Pending"],
    ["in_process", "In Process"],
    ["failed", "Failed"],
];

class Campaign extends models.Model {
    _name = "utm.campaign";
    title = fields.Char();
    mass_email_ids = fields.One2many({ relation: "mailing.mailing" });
    _records = [{ id: 3, title: "Summer", mass_email_ids: [7] }];
    _views = {
        form: `<form><field name="title"/>
            <field name="mass_email_ids" widget="mass_email_panel">
                <list>
                    <field name="is_under_way" column_invisible="True"/>
                    <field name="is_paused" column_invisible="True"/>
                    <field name="is_start_past" column_invisible="True"/>
                    <field name="open_tracking" column_invisible="True"/>
                    <field name="state" column_invisible="True"/>
                    <field name="name"/><field name="sent_count"/>
                    <widget name="mass_email_row_menu"/>
                </list>
            </field></form>`,
    };
}

class MassEmail extends models.Model {
    _name = "mailing.mailing";
    name = fields.Char();
    state = fields.Char();
    mass_email_status = fields.Selection({ selection: STATUSES, readonly: true });
    is_under_way = fields.Boolean({ readonly: true });
    is_paused = fields.Boolean({ readonly: true });
    is_start_past = fields.Boolean({ readonly: true });
    open_tracking = fields.Boolean();
    sent_count = fields.Integer({ readonly: true });
    subject = fields.Char();
    preview = fields.Char();
    schedule_date = fields.Datetime();
    retry_datetime = fields.Datetime({ readonly: true });
    _records = [
        {
            id: 7,
            name: "Roses",
            state: "sending",
            mass_email_status: "in_process",
            is_under_way: true,
            sent_count: 10,
        },
    ];
    _views = {
        form: `<form>
            <field name="mass_email_status"/><field name="schedule_date"/>
            <field name="retry_datetime" invisible="1"/>
            <field name="name"/><field name="sent_count"/><field name="state" invisible="1"/>
            <field name="subject" invisible="1"/><field name="preview" invisible="1"/>
            <widget name="mass_email_progress"/></form>`,
    };
}
defineModels([Campaign, MassEmail]);

/** A bus that is told by the test; tells which channels it was asked for. */
function useBus() {
    let tell;
    const channels = new Set();
    mockService("bus_service", {
        addChannel: (channel) => channels.add(channel),
        deleteChannel: (channel) => channels.delete(channel),
        addEventListener: () => {},
        removeEventListener: () => {},
        subscribe: (type, callback) => {
            if (type === "mass_mailing_campaign/progress") {
                tell = callback;
            }
        },
        unsubscribe: () => {},
        start: () => {},
        forceUpdateChannels: () => {},
    });
    return { channels, tell: (payload) => tell(payload) };
}

/** What the server knows by now. */
function change(values) {
    MockServer.env["mailing.mailing"].write([7], values);
}

/** What was told has been fetched, and is on the screen. */
async function shown() {
    await advanceTime(0);
    await animationFrame();
    await animationFrame();
}

const NEWS = { campaign_id: 3, mailing_ids: [7] };
let words;
function useWords(said) {
    words = { id: 7, name: "Roses", reason: false, forecast: false, subject: false, ...said };
    onRpc("mailing.mailing", "get_progress", ({ kwargs }) => {
        // by the clock of the fields beside them, whatever the user's time zone is
        expect(kwargs.context.tz).toBe(luxon.DateTime.local().zoneName);
        if (said.isCounted) {
            expect.step("words");
        }
        return [words];
    });
}

test("the form says what the server says, and follows the news", async () => {
    const bus = useBus();
    useWords({ subject: "Roses for Anna", forecast: "10 of 25 sent" });
    await mountView({ resModel: "mailing.mailing", resId: 7, type: "form" });
    await animationFrame();
    expect(".o_subject_sample").toHaveText("Roses for Anna");
    expect(".o_forecast").toHaveText("10 of 25 sent");
    expect(".o_why_waiting").toHaveCount(0);
    expect([...bus.channels]).toEqual(["mass_mailing_campaign/progress/mailing.mailing/7"]);

    change({ sent_count: 20 });
    words = { ...words, forecast: false, reason: "Paused by Marta" };
    bus.tell(NEWS);
    await shown();
    expect(".o_field_widget[name=sent_count]").toHaveText("20");
    expect(".o_why_waiting").toHaveText("Paused by Marta");
    expect(".o_forecast").toHaveCount(0);
});

test("a letter that nobody writes any more is shown as a recipient reads it", async () => {
    useBus();
    useWords({ subject: "Roses for Anna" });
    const letter = { state: "done", subject: "Roses for {{ object.name }}", preview: "Seeds" };
    Object.assign(MassEmail._records[0], letter);
    await mountView({ resModel: "mailing.mailing", resId: 7, type: "form" });
    await animationFrame();
    expect(".o_letter_sample h3").toHaveText("Roses for Anna");
    expect(".o_letter_sample").toHaveText(/Seeds/);
    expect(".o_subject_sample").toHaveCount(0);
});

test("news leaves alone what a user is writing", async () => {
    const bus = useBus();
    useWords({});
    await mountView({ resModel: "mailing.mailing", resId: 7, type: "form" });
    await contains(".o_field_widget[name=name] input").edit("Tulips");
    change({ sent_count: 20, name: "Changed by somebody else" });
    bus.tell(NEWS);
    await shown();
    expect(".o_field_widget[name=name] input").toHaveValue("Tulips");
    expect(".o_field_widget[name=sent_count]").toHaveText("20");
});

test("much news is one look a second, and the last is not missed", async () => {
    const bus = useBus();
    useWords({ isCounted: true });
    onRpc("mailing.mailing", "web_read", () => expect.step("figures"));
    await mountView({ resModel: "mailing.mailing", resId: 7, type: "form" });
    await animationFrame();
    expect.verifySteps(["figures", "words"]);
    for (let count = 0; count < 5; count++) {
        bus.tell(NEWS);
    }
    await animationFrame();
    expect.verifySteps(["figures", "words"]);
    for (let second = 0; second < 2; second++) {
        await advanceTime(1000);
        await animationFrame();
        expect.verifySteps(["figures", "words"]);
    }
    await advanceTime(5000);
    expect.verifySteps([]);
});

test("what a replica tells too early is put right a moment later", async () => {
    const bus = useBus();
    useWords({ forecast: "10 of 25 sent" });
    await mountView({ resModel: "mailing.mailing", resId: 7, type: "form" });
    await animationFrame();
    bus.tell(NEWS);
    await shown();
    expect(".o_why_waiting").toHaveCount(0);

    change({ sent_count: 20 });
    words = { ...words, forecast: false, reason: "Paused by Marta" };
    await advanceTime(1000);
    await shown();
    expect(".o_field_widget[name=sent_count]").toHaveText("20");
    expect(".o_why_waiting").toHaveText("Paused by Marta");
});

test("news of others is none", async () => {
    const bus = useBus();
    useWords({ isCounted: true });
    await mountView({ resModel: "mailing.mailing", resId: 7, type: "form" });
    await animationFrame();
    expect.verifySteps(["words"]);
    bus.tell({ campaign_id: 3, mailing_ids: [8] });
    await advanceTime(2000);
    expect.verifySteps([]);
});

test("the panel has a plus above it, and its rows follow the news", async () => {
    const bus = useBus();
    useWords({ reason: "The hourly portion is used up until 14:05." });
    await mountView({ resModel: "utm.campaign", resId: 3, type: "form" });
    await animationFrame();
    expect([...bus.channels]).toEqual(["mass_mailing_campaign/progress/utm.campaign/3"]);
    expect(".o_add_mass_email").toHaveText("Mass Email");
    expect(".o_field_x2many_list_row_add").toHaveCount(0);
    expect(".o_mass_email_words").toHaveText(/Roses:\s*The hourly portion is used up until 14:05\./);
    change({ sent_count: 20 });
    bus.tell(NEWS);
    await shown();
    expect(".o_data_row .o_data_cell[name=sent_count]").toHaveText("20");
});

for (const [state, values, labels] of [
    ["draft", {}, ["Set Pending", "Send Test", "Preview", "Duplicate"]],
    [
        "in_queue",
        { is_under_way: true },
        ["Send Test", "Preview", "Pause", "Back to Draft", "Members", "Duplicate"],
    ],
    [
        "sending",
        { is_under_way: true, is_paused: true },
        ["Send Test", "Preview", "Resume", "Members", "Duplicate", "Send to Who Did Not Open (Not Tracked)", "End"],
    ],
    [
        "done",
        { open_tracking: true },
        ["Preview", "Members", "Duplicate", "Send to Who Did Not Open"],
    ],
]) {
    test(`a row in ${state} offers what makes sense`, async () => {
        useBus();
        useWords({});
        const sent_count = ["sending", "done"].includes(state) ? 10 : 0;
        Object.assign(MassEmail._records[0], { state, is_under_way: false, sent_count, ...values });
        await mountView({ resModel: "utm.campaign", resId: 3, type: "form" });
        await contains(".o_record_menu button").click();
        const items = [...document.querySelectorAll(".o-dropdown-item")];
        expect(items.map((item) => item.textContent.trim())).toEqual(labels);
    });
}
