// The codes that delivery/placeholders.py knows, in the ways in which they get into an address.
const START = String.raw`^\s*(?:https?:\/\/)?(?:\{|%7B)`;
const BLANK = String.raw`(?:\s|%20)*`;
const CODE = new RegExp(
    `${START}${BLANK}(?:(optOutUrl)|trackingUrl:${BLANK}(\\d+))${BLANK}(?:\\}|%7D)\\/?\\s*$`,
    "i"
);

export const OPT_OUT = "{optOutUrl}";

/** The code that stands for a tracking URL. */
export const trackingCode = (id) => `{trackingUrl:${id}}`;

/** The id of the tracking URL that a code stands for, if it is one. */
export const trackingId = (code) => Number(code.match(CODE)?.[2]);

/** The code that an address is meant to be, as it is to be stored; "" when it is none. */
export function codeIn(address) {
    const [, optOut, id] = address?.match(CODE) || [];
    return optOut ? OPT_OUT : id ? trackingCode(Number(id)) : "";
}

/** Whether an address is a code, or was meant to be one and is misspelt. */
export const isMeantAsCode = (address) => new RegExp(START, "i").test(address || "");
