import { Component, onWillUnmount, useEffect, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { deserializeDateTime, formatDate } from "@web/core/l10n/dates";
import { formatInteger } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { ClickMap } from "./click_map";
import { Curve } from "./curve";
import { shareOf } from "./share";

// How far people went, then what nobody wishes for.
const FUNNEL = [
    { type: "sent", label: _t("Sent"), color: "bg-primary" },
    { type: "opened", label: _t("Opened"), color: "bg-info" },
    { type: "clicked", label: _t("Clicked"), color: "bg-success" },
    { type: "replied", label: _t("Replied"), color: "bg-success" },
    { type: "lead_created", label: _t("Lead Created"), color: "bg-success" },
    { type: "opted_out", label: _t("Opted Out"), color: "bg-warning", isApart: true },
    { type: "bounced_final", label: _t("Bounced for Good"), color: "bg-danger" },
    { type: "bounced_temporary", label: _t("Bounced for Now"), color: "bg-danger" },
    { type: "bounced_policy", label: _t("Bounced for Content or Policy"), color: "bg-danger" },
    { type: "complained", label: _t("Complained"), color: "bg-danger" },
];
// Told only where there is some.
const RARE = ["replied", "lead_created", "bounced_policy", "complained"];
const COMPARED = [
    { type: "opened", label: _t("Opened") },
    { type: "clicked", label: _t("Clicked") },
    { type: "opted_out", label: _t("Opted Out") },
    { type: "bounced", label: _t("Bounced") },
];

/** Openings are a share of those of whom they are told. */
const wholeOf = (type, counts) => (type === "opened" ? counts.sent_tracked : counts.sent);

/** Statistics of a campaign or of a mass email; asked for when the page is opened. */
export class Statistics extends Component {
    static template = "mass_mailing_campaign.Statistics";
    static components = { ClickMap, Curve };
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.state = useState({ answer: null, curve: null, letterId: null });
        this.formatInteger = formatInteger;
        this.shareOf = shareOf;
        this.compared = COMPARED;
        useEffect(
            () => {
                Object.assign(this.state, { answer: null, curve: null, letterId: null });
                this.ask();
            },
            () => [this.resId]
        );
        onWillUnmount(() => (this.isGone = true));
    }

    get resId() {
        return this.props.record.resId;
    }

    get isOfCampaign() {
        return this.props.record.resModel === "utm.campaign";
    }

    async ask() {
        const { resId } = this;
        if (!resId) {
            return;
        }
        const scope = { [this.isOfCampaign ? "campaign_id" : "mailing_id"]: resId };
        const call = (method) => this.orm.silent.call("mailing.trace.event", method, [], scope);
        const isShown = () => !this.isGone && resId === this.resId;
        // the curve may take a while: the rest does not wait for it
        const curve = call("get_curve");
        const answer = await call("get_statistics");
        if (isShown()) {
            this.state.answer = answer;
            this.state.letterId = this.isOfCampaign ? this.letters[0]?.id || null : resId;
        }
        const points = await curve;
        if (isShown()) {
            this.state.curve = points;
        }
    }

    get totals() {
        return this.state.answer.totals;
    }

    get isEmpty() {
        return !Object.keys(this.totals).length;
    }

    get tellsOpenings() {
        return Boolean(this.totals.opened) || this.mailings.some((each) => each.tells_openings);
    }

    get funnel() {
        const { totals } = this;
        const most = Math.max(totals.sent || 0, 1);
        return FUNNEL.filter(
            ({ type }) =>
                (type !== "opened" || this.tellsOpenings) && (!RARE.includes(type) || totals[type])
        ).map((step) => {
            const count = totals[step.type] || 0;
            const whole = wholeOf(step.type, totals) || 0;
            return {
                ...step,
                count: formatInteger(count),
                share: shareOf(count, whole),
                title:
                    whole === totals.sent
                        ? ""
                        : _t("Of %s whose openings are tracked", formatInteger(whole)),
                width: Math.min(100, (100 * count) / most),
            };
        });
    }

    get mailings() {
        return this.state.answer.mailings;
    }

    /** Mass emails whose letter can be shown. */
    get letters() {
        return this.mailings.filter((each) => each.id && each.counts.sent);
    }

    get hasHits() {
        return this.state.answer.links.some(({ hits }) => hits !== null);
    }

    date(mailing) {
        return mailing.date ? formatDate(deserializeDateTime(mailing.date)) : "";
    }

    cell(mailing, type) {
        const { counts, tells_openings } = mailing;
        if (type === "opened" && !tells_openings && !counts.opened) {
            return { count: "–", share: "", title: _t("Openings are not tracked") };
        }
        const count = counts[type] || 0;
        return { count: formatInteger(count), share: shareOf(count, wholeOf(type, counts)) };
    }

    async openMailing({ id }) {
        this.action.doAction(await this.orm.call("mailing.mailing", "get_formview_action", [[id]]));
    }

    openLink({ id, name }) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name,
            res_model: "link.tracker",
            res_id: id,
            views: [[false, "form"]],
            context: {
                form_view_ref: "mass_mailing_campaign.link_tracker_view_form_tracking_url",
            },
            target: "new",
        });
    }

    openAnalysis() {
        return this.action.doAction("mass_mailing_campaign.mailing_message_report_action", {
            additionalContext: {
                [this.isOfCampaign ? "search_default_campaign_id" : "search_default_mailing_id"]:
                    this.resId,
            },
        });
    }

    showLetter(ev) {
        this.state.letterId = Number(ev.target.value);
    }
}

registry.category("view_widgets").add("campaign_statistics", { component: Statistics });
