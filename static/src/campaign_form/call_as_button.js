/**
 * Have a method of a record called as a button calls it, and open what it answers: of that, Odoo
 * takes the help for HTML.
 */
export function callAsButton(action, { resModel, resId, context }, name, ...args) {
    return action.doActionButton({
        type: "object",
        name,
        resModel,
        resId,
        resIds: [resId],
        args: JSON.stringify(args),
        context,
    });
}
