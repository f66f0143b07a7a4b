import { formatFloat } from "@web/core/utils/numbers";

/** Percent of a whole, with a decimal where it is little. */
export function percent(part, whole) {
    if (!whole) {
        return "–";
    }
    const value = (100 * part) / whole;
    const digits = value > 0 && value < 10 ? 1 : 0;
    return `${formatFloat(value, { digits: [16, digits] })}\u00a0%`;
}
