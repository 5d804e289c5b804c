/**
 * Icons without a font: the renderer's own asks for one from the network, and the page's policy allows none. A name that is
 * not in the list is shown as a dot with the name to hear.
 */
import { html, nothing, svg } from "lit";
import { BasicCatalogA2uiLitElement, DynamicStringSchema, IconApi } from "./renderer.ts";

const PERSON = "M16 8a4 4 0 1 1-8 0 4 4 0 0 1 8 0M4 21c1-9 15-9 16 0";
const CALENDAR = "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4";
const PHONE = "M7 3h10v18H7zM11 18h2";
const BELL = "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21h4";
const EYE = "M2 12q10-15 20 0-10 15-20 0M15 12a3 3 0 1 1-6 0 3 3 0 0 1 6 0";
const SPEAKER = "M4 9h4l5-5v16l-5-5H4z";
const STAR = "M12 3l3 6 6 1-4.500 4.500 1 6.500-5.500-3-5.500 3 1-6.500L3 10l6-1z";
const HEART = "M12 21C-6 9 8-1 12 7c4-8 18 2 0 14z";
const LOCK = "M5 11h14v10H5z";
const SLASH = "M3 3l18 18";

/** Lines on a square of 24, by the names of the basic catalog. */
const LINES: Readonly<Record<string, string>> = {
  accountCircle: "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0M15 9a3 3 0 1 1-6 0 3 3 0 0 1 6 0M6 19c1-6 11-6 12 0",
  add: "M12 5v14M5 12h14",
  arrowBack: "M20 12H4l6-6M4 12l6 6",
  arrowForward: "M4 12h16l-6-6M20 12l-6 6",
  attachFile: "M8 12v5a4 4 0 0 0 8 0V6a3 3 0 0 0-6 0v10",
  calendarToday: CALENDAR,
  call: PHONE,
  camera: "M3 7h5l2-3h4l2 3h5v13H3zM16 13a4 4 0 1 1-8 0 4 4 0 0 1 8 0",
  check: "M4 12l6 6L20 6",
  close: "M5 5l14 14M19 5L5 19",
  delete: "M4 6h16M9 6V3h6v3M6 6l1 15h10l1-15",
  download: "M12 3v12M6 10l6 6 6-6M4 21h16",
  edit: "M4 20l1-5L16 4l4 4L9 19z",
  event: CALENDAR,
  error: "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0M12 7v6M12 16v1",
  fastForward: "M3 5l8 7-8 7zM12 5l8 7-8 7z",
  favorite: HEART,
  favoriteOff: HEART + SLASH,
  folder: "M3 5h7l2 3h9v12H3z",
  help: "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0M9 10c0-4 6-4 6 0 0 2-3 2-3 4M12 17v1",
  home: "M3 12l9-9 9 9M6 10v11h12V10",
  info: "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0M12 11v6M12 7v1",
  locationOn: "M12 22C-2 8 8 2 12 2s14 6 0 20M14 9a2 2 0 1 1-4 0 2 2 0 0 1 4 0",
  lock: `${LOCK}M8 11V8a4 4 0 0 1 8 0v3`,
  lockOpen: `${LOCK}M8 11V6a4 4 0 0 1 8 0`,
  mail: "M3 5h18v14H3zM3 6l9 7 9-7",
  menu: "M4 6h16M4 12h16M4 18h16",
  moreVert: "M12 5v1M12 12v1M12 19v1",
  moreHoriz: "M5 12h1M12 12h1M19 12h1",
  notificationsOff: BELL + SLASH,
  notifications: BELL,
  pause: "M8 5v14M16 5v14",
  payment: "M3 5h18v14H3zM3 10h18",
  person: PERSON,
  phone: PHONE,
  photo: "M3 4h18v16H3zM3 17l6-6 5 5 3-3 4 4M16 8h1",
  play: "M7 4l13 8-13 8z",
  print: "M7 8V3h10v5M7 17H3V8h18v9h-4M7 14h10v7H7z",
  refresh: "M20 12a8 8 0 1 1-3-6M17 2v5h-5",
  rewind: "M21 5l-8 7 8 7zM12 5l-8 7 8 7z",
  search: "M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0M15 15l6 6",
  send: "M3 3l18 9-18 9 3-9zM6 12h15",
  settings: "M15 12a3 3 0 1 1-6 0 3 3 0 0 1 6 0M12 2v4M12 18v4M2 12h4M18 12h4M5 5l3 3M16 16l3 3M19 5l-3 3M8 16l-3 3",
  share: "M12 15V3M7 8l5-5 5 5M5 12v9h14v-9",
  shoppingCart: "M2 4h4l3 11h10l2-8H7M10 20h1M17 20h1",
  skipNext: "M5 5l11 7-11 7zM19 5v14",
  skipPrevious: "M19 5L8 12l11 7zM5 5v14",
  star: STAR,
  starHalf: `${STAR}M12 3v15`,
  starOff: STAR + SLASH,
  stop: "M6 6h12v12H6z",
  upload: "M12 16V4M6 9l6-6 6 6M4 21h16",
  visibility: EYE,
  visibilityOff: EYE + SLASH,
  volumeDown: `${SPEAKER}M16 9q2 3 0 6`,
  volumeMute: SPEAKER,
  volumeOff: SPEAKER + SLASH,
  volumeUp: `${SPEAKER}M16 9q2 3 0 6M19 6q4 6 0 12`,
  warning: "M12 3l10 18H2zM12 10v5M12 17v1",
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
      return html`<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" fill="currentColor">
        <path d=${String(name.svgPath)}></path>
      </svg>`;
    if (typeof name !== "string" || name === "") return nothing;
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const words = name.replace(/_|(?=[A-Z])/g, " ").toLowerCase();
    const lines = svg`<path d=${LINES[camel] ?? "M12 12h.1"}></path>`;
    return html`<svg viewBox="0 0 24 24" width="24" height="24" role="img" aria-label=${words} fill="none"
      stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${lines}</svg>`;
  }
}
customElements.define("moltbot-icon", MoltbotIcon);

/** The component of the catalog. */
export const icon = { ...api, tagName: "moltbot-icon" };
