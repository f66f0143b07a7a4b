import { formatShare } from "../campaign_form/people_count";

/** Percent of a whole, as on every figure. */
export function percent(part, whole) {
    return whole ? formatShare(part / whole) : "–";
}
