import { Component, onWillStart, onWillUnmount, useEffect, useRef, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { cookie } from "@web/core/browser/cookie";
import { getColor } from "@web/core/colors/colors";
import { _t } from "@web/core/l10n/translation";

const SPANS = {
    hours: { name: "hours", label: _t("First 48 Hours"), hours: 1, count: 48 },
    days: { name: "days", label: _t("Days"), hours: 24, count: 60 },
};

/**
 * Add up what happened by hour into the hours or days after sending.
 *
 * @param {[number, number][]} points hours after sending, and how many people
 * @returns {number[]} as long as something happened, two at least
 */
export function byTime(points, { hours, count }) {
    const sums = [0, 0];
    for (const [hour, people] of points) {
        const index = Math.floor(hour / hours);
        if (index < count) {
            while (sums.length <= index) {
                sums.push(0);
            }
            sums[index] += people;
        }
    }
    return sums;
}

/** Openings and clicks over the time since each message was sent. */
export class Curve extends Component {
    static template = "mass_mailing_campaign.Curve";
    static props = { curve: Object, tellsOpenings: Boolean };

    setup() {
        this.canvas = useRef("canvas");
        this.state = useState({ span: "hours" });
        this.spans = Object.values(SPANS);
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.draw(),
            () => [this.canvas.el, this.props.curve, this.state.span]
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    get isEmpty() {
        return !Object.values(this.props.curve).some((points) => points.length);
    }

    choose(span) {
        this.state.span = span;
    }

    get lines() {
        const { opened, clicked } = this.props.curve;
        const lines = [{ label: _t("Clicked"), points: clicked, color: 1 }];
        if (this.props.tellsOpenings) {
            lines.unshift({ label: _t("Opened"), points: opened, color: 0 });
        }
        const span = SPANS[this.state.span];
        return lines.map((line) => ({ ...line, sums: byTime(line.points, span) }));
    }

    draw() {
        this.chart?.destroy();
        if (!this.canvas.el) {
            return;
        }
        const { lines } = this;
        const length = Math.max(...lines.map(({ sums }) => sums.length));
        const isHours = this.state.span === "hours";
        this.chart = new Chart(this.canvas.el, {
            type: "line",
            data: {
                labels: [...Array(length).keys()].map((index) =>
                    isHours ? _t("%s h", index) : _t("Day %s", index + 1)
                ),
                datasets: lines.map(({ label, sums, color }) => ({
                    label: label.toString(),
                    data: [...Array(length).keys()].map((index) => sums[index] || 0),
                    borderColor: getColor(color, cookie.get("color_scheme"), "odoo"),
                    backgroundColor: getColor(color, cookie.get("color_scheme"), "odoo"),
                    tension: 0.2,
                    pointRadius: 2,
                })),
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: { mode: "index", intersect: false },
                plugins: { legend: { position: "bottom" } },
                scales: { y: { beginAtZero: true, ticks: { precision: 0 } } },
            },
        });
    }
}
