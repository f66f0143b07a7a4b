import { Component, useEffect, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { formatShare } from "../statistics/share";
import { callAsButton } from "./call_as_button";
import { COUNT_PAUSE, useProgress } from "./progress";

// as long as the browser's tab is open, and from campaign to campaign
const SWITCH = "mass_mailing_campaign.with_machines";

/**
 * What people did with the messages of a campaign or of a mass email: figures that open who is
 * behind them. They are asked for after the form is open, again when it is saved or loaded, and
 * while something is sent.
 */
export class PeopleFigures extends Component {
    static template = "mass_mailing_campaign.PeopleFigures";
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.keepLast = new KeepLast();
        this.state = useState({
            figures: [],
            isFresh: false,
            withMachines: Boolean(browser.sessionStorage.getItem(SWITCH)),
        });
        const show = useProgress(() => this.ask(this.props.record.resId), COUNT_PAUSE);
        useEffect(
            (resModel, resId) => show(resModel, resId),
            () => [this.props.record.resModel, this.props.record.resId]
        );
        useEffect(
            (resId, isDirty) => {
                if (resId && !isDirty) {
                    this.ask(resId);
                }
            },
            () => {
                const { resId, dirty, data } = this.props.record;
                return [resId, dirty, data, this.state.withMachines];
            }
        );
    }

    async ask(resId) {
        this.state.isFresh = false;
        const { resModel } = this.props.record;
        const args = [[resId], this.state.withMachines];
        this.state.figures = await this.keepLast.add(
            this.orm.silent.call(resModel, "get_figures", args)
        );
        this.state.isFresh = true;
    }

    /** Machines have a part in what is opened and clicked, and in nothing else. */
    get canCountMachines() {
        return this.state.figures.some(({ name }) => name === "clicked");
    }

    format({ count, formatted }) {
        return formatted ?? formatInteger(count);
    }

    formatShare({ share }) {
        return share === null ? "" : formatShare(share);
    }

    switchMachines(withMachines) {
        this.state.withMachines = withMachines;
        if (withMachines) {
            browser.sessionStorage.setItem(SWITCH, "1");
        } else {
            browser.sessionStorage.removeItem(SWITCH);
        }
    }

    async open(name) {
        const { record } = this.props;
        const { withMachines } = this.state;
        await callAsButton(this.action, record, "action_view_figure", name, withMachines);
    }
}

registry.category("view_widgets").add("people_figures", { component: PeopleFigures });
