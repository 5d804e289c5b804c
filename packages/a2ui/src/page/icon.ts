/**
 * Icons without a font: the renderer's own asks for one from the network, and the page's policy allows none. A name that is
 * not in the list is shown as a dot with the name to read.
 */

import { html, nothing } from "lit";
import { BasicCatalogA2uiLitElement, DynamicStringSchema, IconApi } from "./renderer.ts";

const GLYPHS: Readonly<Record<string, string>> = {
  ...{ accountCircle: "👤", add: "＋", arrowBack: "←", arrowForward: "→", attachFile: "📎", calendarToday: "📅" },
  ...{ call: "📞", camera: "📷", check: "✓", close: "✕", delete: "🗑", download: "⤓", edit: "✎", event: "📅" },
  ...{
    error: "⛔",
    fastForward: "⏩",
    favorite: "♥",
    favoriteOff: "♡",
    folder: "📁",
    help: "？",
    home: "⌂",
    info: "ℹ",
  },
  ...{ locationOn: "📍", lock: "🔒", lockOpen: "🔓", mail: "✉", menu: "☰", moreVert: "⋮", moreHoriz: "⋯" },
  ...{ notificationsOff: "🔕", notifications: "🔔", pause: "⏸", payment: "💳", person: "👤", phone: "📞", photo: "🖼" },
  ...{ play: "▶", print: "🖨", refresh: "↻", rewind: "⏪", search: "🔍", send: "➤", settings: "⚙", share: "↗" },
  ...{ shoppingCart: "🛒", skipNext: "⏭", skipPrevious: "⏮", star: "★", starHalf: "⯪", starOff: "☆", stop: "■" },
  ...{ upload: "⤒", visibility: "👁", visibilityOff: "🙈", volumeDown: "🔉", volumeMute: "🔈", volumeOff: "🔇" },
  ...{ volumeUp: "🔊", warning: "⚠" },
};

const api = {
  name: "Icon",
  schema: IconApi.schema.extend({ name: IconApi.schema.shape.name.or(DynamicStringSchema) }),
};

class MoltbotIcon extends BasicCatalogA2uiLitElement<typeof api> {
  protected override readonly api = api;

  override render() {
    const name: unknown = this.controller.props?.name;
    if (typeof name === "object" && name !== null && "svgPath" in name)
      return html`<svg viewBox="0 0 24 24" width="24" height="24" fill="currentColor"><path d=${String(name.svgPath)}></path></svg>`;
    if (typeof name !== "string" || name === "") return nothing;
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return html`<span role="img" aria-label=${name.replace(/([A-Z])/g, " $1").toLowerCase()}>${GLYPHS[camel] ?? "•"}</span>`;
  }
}
customElements.define("moltbot-icon", MoltbotIcon);

/** The component of the catalog. */
export const icon = { ...api, tagName: "moltbot-icon" };
