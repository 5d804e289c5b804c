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
