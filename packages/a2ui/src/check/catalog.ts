/** The components of the basic catalog of A2UI 0.9 and what each takes, as data. Source: its catalog.json. */

/** What a property holds. A dynamic value is plain, or bound to a path, or made by a function. */
export type Kind =
  | { readonly kind: "dynamic"; readonly type: "text" | "number" | "boolean" | "texts" }
  | { readonly kind: "plain"; readonly type: "string" | "number" | "boolean" }
  | { readonly kind: "oneOf"; readonly values: readonly string[] }
  | { readonly kind: "child" | "children" | "tabs" | "options" | "action" | "checks" | "icon" | "accessibility" };

/** A component's properties: those it needs, and the others. */
export interface ComponentKind {
  readonly needs: Readonly<Record<string, Kind>>;
  readonly takes: Readonly<Record<string, Kind>>;
}

const text: Kind = { kind: "dynamic", type: "text" };
const number: Kind = { kind: "dynamic", type: "number" };
const boolean: Kind = { kind: "dynamic", type: "boolean" };
const texts: Kind = { kind: "dynamic", type: "texts" };
const plainNumber: Kind = { kind: "plain", type: "number" };
const plainBoolean: Kind = { kind: "plain", type: "boolean" };
const child: Kind = { kind: "child" };
const children: Kind = { kind: "children" };
const checks: Kind = { kind: "checks" };

const justify = oneOf("start", "center", "end", "spaceBetween", "spaceAround", "spaceEvenly", "stretch");
const align = oneOf("start", "center", "end", "stretch");

/** What every component takes. */
const COMMON: Readonly<Record<string, Kind>> = { accessibility: { kind: "accessibility" }, weight: plainNumber };

/** The components by their names. */
export const COMPONENTS: ReadonlyMap<string, ComponentKind> = new Map(
  Object.entries({
    Text: component({ text }, { variant: oneOf("h1", "h2", "h3", "h4", "h5", "caption", "body") }),
    Image: component(
      { url: text },
      {
        description: text,
        fit: oneOf("contain", "cover", "fill", "none", "scaleDown"),
        variant: oneOf("icon", "avatar", "smallFeature", "mediumFeature", "largeFeature", "header"),
      },
    ),
    Icon: component({ name: { kind: "icon" } }),
    Video: component({ url: text }),
    AudioPlayer: component({ url: text }, { description: text }),
    Row: component({ children }, { justify, align }),
    Column: component({ children }, { justify, align }),
    List: component(
      { children },
      { direction: oneOf("vertical", "horizontal"), align, listStyle: oneOf("ordered", "unordered", "none") },
    ),
    Card: component({ child }),
    Tabs: component({ tabs: { kind: "tabs" } }),
    Modal: component({ trigger: child, content: child }),
    Divider: component({}, { axis: oneOf("horizontal", "vertical") }),
    Button: component(
      { child },
      { variant: oneOf("default", "primary", "borderless"), action: { kind: "action" }, checks },
    ),
    TextField: component(
      { label: text },
      {
        value: text,
        variant: oneOf("shortText", "longText", "number", "obscured"),
        validationRegexp: { kind: "plain", type: "string" },
        checks,
      },
    ),
    CheckBox: component({ label: text, value: boolean }, { checks }),
    ChoicePicker: component(
      { options: { kind: "options" }, value: texts },
      {
        label: text,
        variant: oneOf("multipleSelection", "mutuallyExclusive"),
        displayStyle: oneOf("checkbox", "chips"),
        filterable: plainBoolean,
        checks,
      },
    ),
    Slider: component({ max: plainNumber, value: number }, { label: text, min: plainNumber, checks }),
    DateTimeInput: component(
      { value: text },
      { label: text, enableDate: plainBoolean, enableTime: plainBoolean, min: text, max: text, checks },
    ),
  }),
);

/** The functions that the page knows. */
export const FUNCTIONS: ReadonlySet<string> = new Set([
  ...["add", "subtract", "multiply", "divide", "equals", "not_equals", "greater_than", "less_than", "and", "or", "not"],
  ...["contains", "starts_with", "ends_with", "required", "regex", "length", "numeric", "email"],
  ...["formatString", "formatNumber", "formatCurrency", "formatDate", "pluralize", "openUrl"],
]);

function component(needs: Readonly<Record<string, Kind>>, takes: Readonly<Record<string, Kind>> = {}): ComponentKind {
  return { needs, takes: { ...takes, ...COMMON } };
}

function oneOf(...values: readonly string[]): Kind {
  return { kind: "oneOf", values };
}
