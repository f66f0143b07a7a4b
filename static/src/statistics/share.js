import { formatPercentage } from "@web/views/fields/formatters";

export function formatShare(share) {
    return formatPercentage(share, { digits: [false, 1] });
}

/** A part's share of a whole, in words; a dash where there is no whole. */
export function shareOf(part, whole) {
    return whole ? formatShare(part / whole) : "–";
}
