/** Small screens for tests. */

/** A2UI 0.8: a heading, a list from a template, and a button. */
export const LAMPS = `{"surfaceUpdate":{"surfaceId":"main","components":[{"id":"top","component":{"Column":{"children":{"explicitList":["h","lamps","go"]}}}},{"id":"h","component":{"Text":{"text":{"literalString":"Lamps"},"usageHint":"h2"}}},{"id":"lamps","component":{"List":{"children":{"template":{"componentId":"row","dataBinding":"/items"}}}}},{"id":"row","component":{"Text":{"text":{"path":"title"}}}},{"id":"go","component":{"Button":{"child":"got","primary":true,"action":{"name":"apply","context":[{"key":"scene","value":{"path":"/scene"}}]}}}},{"id":"got","component":{"Text":{"text":{"literalString":"Apply"}}}}]}}
{"dataModelUpdate":{"surfaceId":"main","contents":[{"key":"scene","valueString":"Dinner"},{"key":"items","valueMap":[{"key":"0","valueMap":[{"key":"title","valueString":"Lamp A"}]},{"key":"1","valueMap":[{"key":"title","valueString":"Lamp B"}]}]}]}}
{"beginRendering":{"surfaceId":"main","root":"top"}}
`;

/** A2UI 0.9: a field that is bound to the data, and a button that sends it. */
export const NAME = `{"version":"v0.9","createSurface":{"surfaceId":"s1","catalogId":"https://a2ui.org/specification/v0_9/catalogs/basic/catalog.json"}}
{"version":"v0.9","updateComponents":{"surfaceId":"s1","components":[{"id":"root","component":"Column","children":["t","ok"]},{"id":"t","component":"TextField","label":"Name","value":{"path":"/name"}},{"id":"ok","component":"Button","child":"okt","variant":"primary","action":{"event":{"name":"save","context":{"name":{"path":"/name"}}}}},{"id":"okt","component":"Text","text":"Save"}]}}
{"version":"v0.9","updateDataModel":{"surfaceId":"s1","path":"/name","value":"Ada"}}
{"version":"v0.9","deleteSurface":{"surfaceId":"s1"}}
`;

/** A2UI 0.9: every component once. */
export const EVERYTHING = [
  {
    createSurface: {
      surfaceId: "all",
      catalogId: "https://a2ui.org/specification/v0_9/catalogs/basic/catalog.json",
    },
  },
  {
    updateComponents: {
      surfaceId: "all",
      components: [
        {
          id: "root",
          component: "Column",
          children: ["title", "intro", "who", "line", "tabs", "form", "buttons", "more", "media", "note"],
        },
        { id: "title", component: "Text", text: "Dinner for two", variant: "h2" },
        { id: "intro", component: "Text", text: "Pick what you like. <b>Nothing</b> is ordered before you say so." },
        { id: "who", component: "Row", children: ["whoIcon", "whoText"], align: "center" },
        { id: "whoIcon", component: "Icon", name: "person" },
        { id: "whoText", component: "Text", text: { path: "/name" } },
        { id: "line", component: "Divider" },
        {
          id: "tabs",
          component: "Tabs",
          tabs: [
            { title: "Menu", child: "menu" },
            { title: "Times", child: "when" },
          ],
        },
        { id: "menu", component: "List", children: { componentId: "dish", path: "/dishes" } },
        { id: "dish", component: "Card", child: "dishText" },
        { id: "dishText", component: "Text", text: { path: "title" } },
        { id: "when", component: "Text", text: "Open from six." },
        { id: "form", component: "Column", children: ["name", "wishes", "spicy", "side", "colours", "persons", "at"] },
        { id: "name", component: "TextField", label: "Name", value: { path: "/name" } },
        { id: "wishes", component: "TextField", label: "Wishes", variant: "longText", value: { path: "/wishes" } },
        { id: "spicy", component: "CheckBox", label: "Spicy", value: { path: "/spicy" } },
        {
          id: "side",
          component: "ChoicePicker",
          label: "Side",
          variant: "mutuallyExclusive",
          value: { path: "/side" },
          options: [
            { label: "Rice", value: "rice" },
            { label: "Bread", value: "bread" },
          ],
        },
        {
          id: "colours",
          component: "ChoicePicker",
          label: "Drinks",
          variant: "multipleSelection",
          displayStyle: "chips",
          value: { path: "/drinks" },
          options: [
            { label: "Water", value: "water" },
            { label: "Tea", value: "tea" },
          ],
        },
        { id: "persons", component: "Slider", label: "Persons", min: 1, max: 8, value: { path: "/persons" } },
        {
          id: "at",
          component: "DateTimeInput",
          label: "When",
          enableDate: true,
          enableTime: true,
          value: { path: "/at" },
        },
        { id: "buttons", component: "Row", children: ["order", "later", "link"], align: "center" },
        {
          id: "order",
          component: "Button",
          child: "orderText",
          variant: "primary",
          action: { event: { name: "order", context: { name: { path: "/name" }, side: { path: "/side" } } } },
        },
        { id: "orderText", component: "Text", text: "Order" },
        { id: "later", component: "Button", child: "laterText", action: { event: { name: "later" } } },
        { id: "laterText", component: "Text", text: "Later" },
        {
          id: "link",
          component: "Button",
          variant: "borderless",
          child: "linkText",
          action: { functionCall: { call: "openUrl", args: { url: "https://example.com/" } } },
        },
        { id: "linkText", component: "Text", text: "About us" },
        { id: "more", component: "Modal", trigger: "moreText", content: "moreBody" },
        { id: "moreText", component: "Text", text: "Allergies…" },
        { id: "moreBody", component: "Text", text: "Ask us." },
        { id: "media", component: "Row", children: ["picture"] },
        {
          id: "picture",
          component: "Image",
          variant: "smallFeature",
          description: "A yellow square",
          url: "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='80' height='80'%3E%3Crect width='80' height='80' fill='gold'/%3E%3C/svg%3E",
        },
        { id: "note", component: "Text", text: "Prices with tax.", variant: "caption" },
      ],
    },
  },
  {
    updateDataModel: {
      surfaceId: "all",
      value: {
        ...{ name: "Ada", wishes: "", spicy: true, side: ["rice"], drinks: ["tea"], persons: 2 },
        ...{ at: "2026-12-24T18:30:00", dishes: [{ title: "Soup" }, { title: "Noodles with vegetables" }] },
      },
    },
  },
].map((message) => ({ version: "v0.9", ...message }));
