/** The bridge to the page that this one is framed by. Only the parent is heard, known by its window: sandboxed origins are "null". */
import type { Screen } from "./screen.ts";
import type { Status } from "./status.ts";

/** What the parent may say. */
type FromParent =
  /** `surface` is all that there is; `apply` is what comes to it. */
  | { readonly type: "a2ui.apply" | "a2ui.surface"; readonly id?: unknown; readonly messages?: unknown }
  | { readonly type: "a2ui.reset"; readonly id?: unknown }
  | { readonly type: "a2ui.action-status"; readonly id?: unknown; readonly ok?: unknown; readonly error?: unknown };

/** Says something to the parent. Its origin is not known here, and nothing that is said is a secret of the gateway's. */
export function tellParent(message: unknown): void {
  parent.postMessage(message, "*");
}

/** Takes what the parent says until the page ends. */
export function listenToParent(screen: Screen, status: Status, changed: () => void): void {
  addEventListener("message", ({ source, data }) => {
    if (source !== parent || typeof data !== "object" || data === null) return;
    const said = data as FromParent;
    if (said.type === "a2ui.action-status" && typeof said.id === "string") {
      if (said.ok === true) status.sent(said.id);
      else status.failed(said.id, typeof said.error === "string" ? said.error : undefined);
    }
    if (said.type !== "a2ui.apply" && said.type !== "a2ui.surface" && said.type !== "a2ui.reset") return;
    try {
      if (said.type === "a2ui.reset") screen.reset();
      else if (said.type === "a2ui.surface") screen.replace(Array.isArray(said.messages) ? said.messages : []);
      else screen.apply(Array.isArray(said.messages) ? said.messages : []);
      changed();
      tellParent({ type: "a2ui.result", id: said.id, ok: true, surfaces: screen.ids() });
    } catch (error) {
      tellParent({
        type: "a2ui.result",
        id: said.id,
        ok: false,
        error: (error as Error).message,
        surfaces: screen.ids(),
      });
    }
  });
  tellParent({ type: "a2ui.ready" });
}
