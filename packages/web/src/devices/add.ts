// The dialog that lets one more browser in: a code to scan, and the link that the code holds.

import type { Methods } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { sentence } from "../conversation/runs.ts";
import { terminal } from "../kit/parts.ts";
import { loaded } from "../loaded.ts";
import { clockTime } from "../time.ts";
import type { PageHost } from "../view.ts";
import { said, t } from "../words/t.ts";

type Invitation = Methods["node.invite"]["result"];
type Address = Invitation["addresses"][number];

const WHERE: Readonly<Record<Address["reach"], string>> = {
  anywhere: said("from everywhere"),
  tailnet: said("in your tailnet"),
  lan: said("in your local network"),
  here: said("on this machine only"),
};

/** `<moltbot-add-device>`: call `open`. */
export class AddDeviceElement extends PageElement {
  static override properties = {
    host: { attribute: false },
    invitation: { state: true },
    address: { state: true },
    picture: { state: true },
    problem: { state: true },
  };
  declare host: PageHost;
  declare invitation: Invitation | undefined;
  declare address: Address | undefined;
  /** The code, as a path of squares. */
  declare picture: { readonly path: string; readonly size: number } | undefined;
  declare problem: string | undefined;

  /** Asks for an invitation and shows its code. */
  async open(): Promise<void> {
    this.invitation = undefined;
    this.address = undefined;
    this.picture = undefined;
    this.problem = undefined;
    await this.updateComplete;
    this.querySelector("dialog")?.showModal();
    try {
      this.invitation = await this.host.gateway().request("node.invite", {});
      const [best] = [...this.invitation.addresses].sort((a, b) => usefulness(b) - usefulness(a));
      if (best !== undefined) await this.#show(best);
    } catch (error) {
      this.problem = sentence(error instanceof Error ? error.message : error);
    }
  }

  protected override render(): TemplateResult {
    return html`<dialog class="link-dialog" aria-labelledby="add-title">
      <h2 id="add-title">Add a phone or another browser</h2>
      <p>It becomes a node. Each thing that it is asked for needs the consent of the person at it.</p>
      ${this.#picture()} ${this.#addresses()}
      ${this.problem === undefined ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}
      ${terminal("moltbot nodes invite")}
      <div class="dialog-actions">
        <button type="button" class="button primary" @click=${() => this.querySelector("dialog")?.close()}>Done</button>
      </div>
    </dialog>`;
  }

  #picture(): TemplateResult {
    const { picture, address, invitation } = this;
    if (invitation?.addresses.length === 0)
      return html`<p class="problem">The gateway has no address that a browser reaches; change <code>gateway.bind</code> in the settings.</p>`;
    if (picture === undefined || address === undefined || invitation === undefined)
      return html`<div class="qr waiting" role="status"><span class="visually-hidden">Asking for a code…</span></div>`;
    return html`<svg class="qr" viewBox=${`0 0 ${picture.size} ${picture.size}`} role="img" aria-label="Code to scan with the other device" shape-rendering="crispEdges">
        <path fill="#000" d=${picture.path}></path>
      </svg>
      <p><a class="invite-link" href=${address.url} rel="noreferrer">${address.url.replace(/#.*/, "#…")}</a></p>
      <p class="meta">
        It opens ${t(WHERE[address.reach])}, once, until ${clockTime(invitation.expiresAtMs)}.
        ${address.isSecure ? nothing : html`Over plain http browsers give no camera, no microphone and no place.`}
      </p>`;
  }

  #addresses(): TemplateResult | typeof nothing {
    const { addresses = [] } = this.invitation ?? {};
    if (addresses.length < 2) return nothing;
    return html`<div class="choices" role="group" aria-label="Where it opens">
      ${addresses.map(
        (each) =>
          html`<button type="button" class="text-button" aria-pressed=${each === this.address ? "true" : "false"} @click=${() => this.#show(each)}>${t(WHERE[each.reach])}</button>`,
      )}
    </div>`;
  }

  async #show(address: Address): Promise<void> {
    this.address = address;
    const { encode } = await loaded(import("uqr"));
    const { data, size } = encode(address.url, { border: 3 });
    const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
    this.picture = { path, size };
  }
}

customElements.define("moltbot-add-device", AddDeviceElement);

/** Another device before this machine, and there an address under which everything works. */
function usefulness({ reach, isSecure }: Address): number {
  return Number(reach !== "here") * 2 + Number(isSecure);
}
