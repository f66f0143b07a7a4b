import { registry } from "@web/core/registry";
import { formatInteger } from "@web/views/fields/formatters";
import { IntegerField, integerField } from "@web/views/fields/integer/integer_field";
import { formatShare } from "../statistics/share";

const shareField = (name) => name.replace("_people_count", "_share");

/** How many people did something, and which share that is of who was sent to: "1,234 (5.6%)". */
export class PeopleCount extends IntegerField {
    static props = { ...IntegerField.props, shareOnly: { type: Boolean, optional: true } };

    get formattedValue() {
        const { name, record, shareOnly } = this.props;
        const share = record.data[shareField(name)];
        if (shareOnly) {
            return formatShare(share);
        }
        return this.value ? `${formatInteger(this.value)} (${formatShare(share)})` : "0";
    }
}

registry.category("fields").add("people_count", {
    ...integerField,
    component: PeopleCount,
    additionalClasses: ["o_field_integer"],
    fieldDependencies: ({ name }) => [{ name: shareField(name), type: "float", readonly: true }],
    extractProps: ({ options }) => ({ shareOnly: Boolean(options.share_only) }),
});
