import { Component, markup, onWillUnmount, useChildSubEnv, useEffect, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { escape } from "@web/core/utils/strings";
import { formatInteger } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { callAsButton } from "../campaign_form/call_as_button";
import { CampaignLogMenu } from "../campaign_form/menus";
import { COUNT_PAUSE, useProgress } from "../campaign_form/progress";
import { EmbeddedList } from "../target_list_form/embedded_list";

const CHIPS = [
    { type: "sent", label: _t("Sent") },
    { type: "opened", label: _t("Opened") },
    { type: "clicked", label: _t("Clicked") },
    { type: "opted_out", label: _t("Opted Out") },
    { type: "bounced", label: _t("Bounced") },
    { type: "replied", label: _t("Replied") },
    { type: "opted_in", label: _t("Opted In") },
    { type: "lead_created", label: _t("Lead Created") },
    { type: "complained", label: _t("Complained") },
];
// Milliseconds between two looks while something is sent, where no websocket gets through.
const POLL = 10000;
const NOTHING = { domain: [], counts: {}, are_openings_tracked: true, is_sending: false };

/** The log of a campaign: asked for when its page is opened, and again while it grows. */
export class CampaignLog extends Component {
    static template = "mass_mailing_campaign.CampaignLog";
    static components = { CampaignLogMenu, EmbeddedList };
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.state = useState({
            figures: null, // null until they have come
            type: null, // of the chip that is chosen, null for all
            withMachines: false,
            version: 0,
        });
        // the list tells what is ticked in it
        useChildSubEnv({ onSelection: (list) => (this.list = list) });
        const show = useProgress(() => this.lookAgain(), COUNT_PAUSE);
        useEffect(
            () => {
                show("utm.campaign", this.campaignId);
                this.state.figures = null;
                this.state.type = null;
                this.count();
            },
            () => [this.campaignId]
        );
        const poll = browser.setInterval(() => {
            if (this.figures.is_sending && document.visibilityState === "visible") {
                this.lookAgain().catch(() => {}); // nobody asked: what is shown stays
            }
        }, POLL);
        onWillUnmount(() => {
            this.isGone = true;
            browser.clearInterval(poll);
        });
    }

    get campaignId() {
        return this.props.record.resId;
    }

    get figures() {
        return this.state.figures || NOTHING;
    }

    get chips() {
        const { counts, are_openings_tracked } = this.figures;
        const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
        const shown = CHIPS.filter(
            ({ type }) =>
                (type !== "opened" || are_openings_tracked) && (type !== "complained" || counts[type])
        );
        return [
            { type: null, label: _t("All"), count: total },
            ...shown.map((chip) => ({ ...chip, count: counts[chip.type] || 0 })),
        ];
    }

    format(count) {
        return this.state.figures ? formatInteger(count) : "…";
    }

    /** One count at a time: of a million lines it takes a while, and there is news meanwhile. */
    async count() {
        if (!this.campaignId || this.isCounting) {
            this.isAskedAgain = this.isCounting;
            return;
        }
        this.isCounting = true;
        this.isAskedAgain = false;
        const asked = [this.campaignId, this.state.withMachines];
        let figures;
        try {
            figures = await this.orm.silent.call("utm.campaign", "get_log_figures", [
                [asked[0]],
                asked[1],
            ]);
        } finally {
            this.isCounting = false;
        }
        if (this.isGone) {
            return;
        }
        if (asked[0] !== this.campaignId || asked[1] !== this.state.withMachines) {
            return this.count();
        }
        this.state.figures = figures;
        if (this.isAskedAgain) {
            return this.count();
        }
    }

    /** Show what is new, unless somebody ticks lines or reads another page than the first. */
    async lookAgain() {
        const before = JSON.stringify(this.figures.counts);
        await this.count();
        const list = this.list?.model.root;
        const isRead = list && (list.selection.length || list.offset);
        if (!this.isGone && !isRead && before !== JSON.stringify(this.figures.counts)) {
            this.state.version++;
        }
    }

    choose(type) {
        this.state.type = type;
    }

    async switchMachines() {
        this.state.withMachines = !this.state.withMachines;
        await this.count();
    }

    async openWhole() {
        await callAsButton(this.action, this.props.record, "action_view_log");
    }

    /** The same as long as it shows the same: else the list would be loaded anew. */
    get listProps() {
        const { type, version } = this.state;
        const key = JSON.stringify([this.figures.domain, type, version]);
        if (this.listPropsKey !== key) {
            this.listPropsKey = key;
            this.cachedListProps = this.makeListProps(type);
        }
        return this.cachedListProps;
    }

    makeListProps(type) {
        return {
            resModel: "mailing.trace.event",
            domain: [...this.figures.domain, ...(type ? [["event_type", "=", type]] : [])],
            context: {
                list_view_ref: "mass_mailing_campaign.mailing_trace_event_view_list_panel",
                kanban_view_ref: "mass_mailing_campaign.mailing_trace_event_view_kanban_panel",
                search_view_ref: "mass_mailing_campaign.mailing_trace_event_view_search_panel",
            },
            noContentHelp: this.help(type),
            hasActions: true,
        };
    }

    help(type) {
        const title = type ? _t("No such line in the log") : _t("Nothing has happened yet");
        const text = type
            ? _t("Choose another action above, or change the search.")
            : _t("Once a mass email is sent, this log shows who got it and what came of it.");
        return markup(
            `<p class="o_view_nocontent_smiling_face">${escape(title)}</p><p>${escape(text)}</p>`
        );
    }

    get menuContext() {
        return this.state.type ? { log_event_type: this.state.type } : {};
    }
}

registry.category("view_widgets").add("campaign_log", { component: CampaignLog });
