import { Component, onWillUnmount, useState } from "@odoo/owl";
import { serializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { formatInteger } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { callAsButton } from "../campaign_form/call_as_button";
import { byThisClock } from "../campaign_form/progress";

const { DateTime } = luxon;
// so long nobody picks another list
const SETTLED = 400;

/**
 * Who gets a mass email, counted before it has a queue. The form never waits for the figures: they
 * come when they come, and are marked while they tell of other lists than the form does.
 */
export class MassEmailAudience extends Component {
    static template = "mass_mailing_campaign.MassEmailAudience";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        // figures are null before they come, false when the mass email has a queue by now
        this.state = useState({ figures: null, at: "", isStale: false, hasFailed: false });
        useRecordObserver((record) => {
            const meant = this.meantBy(record.data);
            const key = JSON.stringify([record.resId, meant]);
            if (key !== this.key) {
                this.key = key;
                this.meant = meant;
                this.state.isStale = true;
                clearTimeout(this.timer);
                this.timer = setTimeout(() => this.count(), this.state.figures ? SETTLED : 0);
            }
        });
        onWillUnmount(() => clearTimeout(this.timer));
    }

    /** What the form says of whom it means, saved or not. */
    meantBy(data) {
        const { campaign_id, contact_list_ids, excluding_list_ids, use_exclusion_list } = data;
        const { schedule_date } = data;
        return {
            campaign_id: campaign_id ? campaign_id.id : false,
            contact_list_ids: [...contact_list_ids.currentIds],
            excluding_list_ids: [...excluding_list_ids.currentIds],
            use_exclusion_list,
            schedule_date: schedule_date ? serializeDateTime(schedule_date) : false,
        };
    }

    get hasLists() {
        return this.props.record.data.contact_list_ids.count > 0;
    }

    /** One count at a time: of a million members it takes a while, and lists change meanwhile. */
    async count() {
        this.state.isStale = true;
        this.state.hasFailed = false;
        if (this.isUnderWay) {
            return;
        }
        this.isUnderWay = true;
        let counted;
        try {
            while (counted !== this.key) {
                counted = this.key;
                const figures = await this.fetch();
                if (counted === this.key) {
                    this.state.figures = figures;
                    this.state.at = DateTime.now().toLocaleString(DateTime.TIME_SIMPLE);
                    this.state.isStale = false;
                }
            }
        } catch {
            this.state.hasFailed = true;
        } finally {
            this.isUnderWay = false;
        }
    }

    async fetch() {
        const { resId } = this.props.record;
        return this.hasLists
            ? this.orm.silent.call(
                  "mailing.mailing",
                  "get_audience",
                  [resId ? [resId] : [], this.meant],
                  byThisClock()
              )
            : null;
    }

    async open(key) {
        const { record } = this.props;
        if (await record.save()) {
            await callAsButton(this.action, record, "action_view_audience", key);
        }
    }

    get status() {
        if (this.state.hasFailed) {
            return _t("Could not be counted");
        }
        return this.isCounting ? _t("Counting…") : _t("as of %s", this.state.at);
    }

    get isCounting() {
        return this.state.isStale && !this.state.hasFailed;
    }

    /** The figures as `{ key, count, label }`. */
    get mailed() {
        const { mailed, members } = this.state.figures;
        const label = _t("of %s members will get it", formatInteger(members));
        return { key: "mailed", count: formatInteger(mailed), label };
    }

    get recent() {
        const { recent, recent_days } = this.state.figures;
        const label = _t("of them were written to in the last %s days", recent_days);
        return { key: "recent", count: formatInteger(recent), label };
    }

    get notMailed() {
        return this.state.figures.not_mailed.map((figure) => ({
            ...figure,
            count: formatInteger(figure.count),
        }));
    }

    get nobody() {
        const { members } = this.state.figures;
        if (members) {
            return _t("Nobody will get it: none of the %s members may be mailed.", formatInteger(members));
        }
        return _t("Nobody will get it: the target lists have no members yet.");
    }
}

registry.category("view_widgets").add("mass_email_audience", { component: MassEmailAudience });
