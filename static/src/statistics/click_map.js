import { Component, onMounted, onWillUnmount, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { shareOf } from "./share";

const LINK = /^#link-(\d+)$/;
const LEAST_HEIGHT = 200;

/** A picture of a letter: at each tracking URL stands how many people clicked it. */
export class ClickMap extends Component {
    static template = "mass_mailing_campaign.ClickMap";
    static props = { mailingId: Number };

    setup() {
        this.orm = useService("orm");
        this.letter = useRef("letter");
        this.state = useState({ answer: null, badges: [], height: LEAST_HEIGHT });
        // images that come late and a turned phone move the links
        this.observer = new ResizeObserver(() => this.place());
        onMounted(() => this.ask());
        onWillUnmount(() => {
            this.isGone = true;
            this.observer.disconnect();
        });
    }

    async ask() {
        const answer = await this.orm.silent.call("mailing.mailing", "get_click_map", [
            [this.props.mailingId],
        ]);
        if (!this.isGone) {
            this.state.answer = answer;
        }
    }

    /** Put a badge at each link; the frame runs no script, so what is in it is measured from here. */
    place() {
        const page = this.letter.el?.contentDocument;
        if (this.isGone || !page?.body) {
            return;
        }
        this.observer.observe(page.documentElement);
        this.state.height = Math.max(LEAST_HEIGHT, page.body.scrollHeight);
        const width = page.documentElement.clientWidth;
        this.state.badges = [...page.querySelectorAll("a[href^='#link-']")].flatMap((link) => {
            const match = link.getAttribute("href").match(LINK);
            return match ? [this.badge(Number(match[1]), link.getBoundingClientRect(), width)] : [];
        });
    }

    badge(linkId, { right, top }, width) {
        const { people, sent } = this.state.answer;
        const count = people[linkId] || 0;
        return {
            people: count,
            text: `${formatInteger(count)} · ${shareOf(count, sent)}`,
            title: _t("%s people clicked it", formatInteger(count)),
            // at the link's end, and within the picture
            left: Math.max(0, Math.min(right, width - 90)),
            top: Math.max(0, top - 14),
        };
    }
}
