// The devices page: who waits to be let in, and all browsers, programs and nodes with what each may do.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../chat/element.ts";
import { plusIcon } from "../chat/icons.ts";
import { words } from "../chat/words.ts";
import { inTerminal } from "../control/terminal.ts";
import { Undo } from "../control/undo.ts";
import { browserIdentity } from "../credentials.ts";
import { clockTime, shortAge } from "../time.ts";
import type { PageHost, Scope } from "../view.ts";
import type { AddDeviceElement } from "./add.ts";
import type { Devices, DevicesState } from "./devices.ts";
import { covers, type Request, type Row, requestsOf, rightsText, rowsOf, strangersIn } from "./state.ts";
import "./add.ts";
import "./commands.ts";

const KINDS = { browser: "Browser", program: "Program", node: "Node" } as const;

/** `<moltbot-devices>`: shows `state`, and does what is asked through `host`. */
export class DevicesElement extends PageElement {
  static override properties = {
    host: { attribute: false },
    service: { attribute: false },
    state: { attribute: false },
    ownId: { state: true },
    done: { state: true },
  };
  declare host: PageHost;
  declare service: Devices;
  declare state: DevicesState;
  declare ownId: string | undefined;
  /** The last thing that was done, for screen readers. */
  declare done: string;
  readonly #undo = new Undo(() => this.requestUpdate());

  constructor() {
    super();
    this.done = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.service.open();
    void browserIdentity().then((identity) => {
      this.ownId = identity?.deviceId;
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#undo.flush();
    this.service.close();
  }

  protected override render(): TemplateResult {
    const isKnown = this.state.nodes !== undefined;
    return html`<div class="scroller" tabindex="0" role="region" aria-label="Devices">
      <div class="column channels-page control-page">
        <p class="visually-hidden" role="status">${this.done}</p>
        ${isKnown ? html`${this.#requests()} ${this.#all()} ${this.#strangers()}` : html`<p class="meta loading" role="status">Asking the gateway…</p>`}
      </div>
      <moltbot-add-device .host=${this.host}></moltbot-add-device>
    </div>`;
  }

  #requests(): TemplateResult | typeof nothing {
    const requests = requestsOf(this.state);
    if (requests.length === 0) return nothing;
    return html`<section aria-labelledby="requests-title">
      <h2 id="requests-title">Waiting to be let in</h2>
      <div class="cards">${repeat(
        requests,
        ({ requestId }) => requestId,
        (request) => this.#request(request),
      )}</div>
    </section>`;
  }

  #request(request: Request): TemplateResult {
    const { name, wish, from, ts, isNode, requestId, scopes } = request;
    const command = isNode ? `moltbot nodes approve ${requestId}` : `moltbot devices approve ${requestId}`;
    return html`<div class="card-row" data-request=${requestId}>
      <div class="grow">
        <h3 dir="auto">${name}</h3>
        <p>${wish}</p>
        <p class="meta">Asked ${shortAge(ts)}${from === "" ? nothing : html`, from ${from}`}.</p>
        ${inTerminal(command)}
      </div>
      ${
        this.#mayGive(scopes)
          ? html`<div class="card-actions">
              <button type="button" class="button small primary" aria-label=${`Let ${name} in`} @click=${() => this.#answer(request, true)}>Let in</button>
              <button type="button" class="button small" aria-label=${`Refuse ${name}`} @click=${() => this.#answer(request, false)}>Refuse</button>
            </div>`
          : html`<p class="meta">It asks for more than this browser may give.</p>`
      }
    </div>`;
  }

  #all(): TemplateResult {
    const rows = rowsOf(this.state, this.ownId);
    const mayInvite = this.host.offers("node.invite") && this.host.may("pairing") && this.host.may("write");
    return html`<section aria-labelledby="devices-title">
      <div class="section-head">
        <h2 id="devices-title">Browsers, programs and nodes</h2>
        ${mayInvite ? html`<button type="button" class="button small" @click=${() => this.#add()}>${plusIcon} Add by code</button>` : nothing}
      </div>
      <p class="meta">A node does things for the agent: it takes pictures, tells its place or runs programs.</p>
      ${
        rows.length === 0
          ? html`<p class="meta">None yet. ${this.host.may("pairing") ? "Open this page on another device, or add one by code." : "Only who may let devices in sees them."}</p>`
          : html`<div class="cards">${repeat(
              rows,
              ({ id }) => id,
              (row) => this.#row(row),
            )}</div>`
      }
    </section>`;
  }

  #row(row: Row): TemplateResult {
    const { id, name, kind, rights, isConnected, isThis, lastSeenAt, node } = row;
    if (this.#undo.has(id)) return this.#leaving(row);
    return html`<article class="card-row device" data-device=${id} aria-label=${name}>
      <div class="grow">
        <h3>
          <span dir="auto">${name}</span> <span class="chip">${isThis ? "this browser" : KINDS[kind]}</span>
          ${battery(row)}
          <span class="state ${isConnected ? "good" : ""}"><span class="dot"></span>${isConnected ? "connected" : lastSeenAt === undefined ? "not seen yet" : `seen ${shortAge(lastSeenAt)}`}</span>
        </h3>
        <p>${rights}</p>
        ${node?.hint === undefined ? nothing : html`<p class="meta">${words(node.hint)}</p>`}
        ${this.#facts(row)}
        ${
          node === undefined || node.commands.length === 0
            ? nothing
            : html`<moltbot-node-commands .host=${this.host} .node=${node}></moltbot-node-commands>`
        }
      </div>
      ${
        isThis || !this.#mayGive(row.scopes)
          ? nothing
          : html`<div class="card-actions">
              <button type="button" class="button small quiet" aria-label=${`Revoke ${name}`} @click=${() => this.#revoke(row)}>Revoke</button>
            </div>`
      }
    </article>`;
  }

  /** Why it may do what it may, and how to change that. */
  #facts({ id, device, node, scopes, isThis }: Row): TemplateResult {
    const tokens = device?.tokens ?? [];
    const platform = node?.platform ?? device?.platform;
    const fact = (name: string, value: unknown) =>
      value === undefined || value === "" ? nothing : html`<dt>${name}</dt><dd>${value}</dd>`;
    return html`<details class="facts">
      <summary>Why</summary>
      <dl>
        ${device === undefined ? fact("Let in", "by the gateway's own token") : fact("Let in", clockTime(device.approvedAtMs))}
        ${tokens.map(({ role, revokedAtMs, lastUsedAtMs, scopes: held }) =>
          fact(
            role === "node" ? "As a node" : "As an operator",
            revokedAtMs === undefined
              ? html`${role === "node" ? "Does what it is asked for." : rightsText(held)} ${lastUsedAtMs === undefined ? nothing : html`Last used ${shortAge(lastUsedAtMs)}.`}`
              : `taken away ${shortAge(revokedAtMs)}`,
          ),
        )}
        ${fact("System", platform)} ${fact("Version", node?.version)} ${fact("Address", node?.remoteIp ?? device?.remoteIp)}
        ${fact("Id", html`<code dir="ltr">${id.slice(0, 16)}</code>`)}
      </dl>
      ${isThis ? html`<p class="meta">To shut this browser out, use “Sign out” below the list of conversations, then revoke it elsewhere.</p>` : nothing}
      ${scopes.length === 0 || !this.host.may("pairing") ? nothing : inTerminal(`moltbot devices rotate ${id.slice(0, 16)} --scope operator.read`)}
      ${node === undefined ? inTerminal(`moltbot devices revoke ${id.slice(0, 16)}`) : inTerminal(`moltbot nodes remove ${id.slice(0, 16)}`)}
    </details>`;
  }

  #leaving({ id, name }: Row): TemplateResult {
    return html`<div class="card-row" data-device=${id}>
      <p class="grow">“${name}” is revoked in a few seconds.</p>
      <div class="card-actions">
        <button type="button" class="button small" aria-label=${`Undo: keep ${name}`} @click=${() => this.#keep(id, name)}>Undo</button>
      </div>
    </div>`;
  }

  #strangers(): TemplateResult | typeof nothing {
    const strangers = strangersIn(this.state);
    if (strangers.length === 0) return nothing;
    return html`<section aria-labelledby="strangers-title">
      <h2 id="strangers-title">Connected without a device of their own</h2>
      <p class="meta">They hold the gateway's token or password. A new one shuts them out: <code>gateway.auth</code> in the settings.</p>
      <ul class="rows">
        ${strangers.map(
          ({ host = "a client", platform, ip, ts }) => html`<li class="plain-row">
            <span class="grow"><strong dir="auto">${host}</strong> <span class="meta">${[platform, ip].filter(Boolean).join(", ")}</span></span>
            <span class="meta">since ${clockTime(ts)}</span>
          </li>`,
        )}
      </ul>
    </section>`;
  }

  /** Whether a request or a right of these scopes is this connection's to decide about. */
  #mayGive(scopes: readonly string[]): boolean {
    const holds = (scope: string) => this.host.may(scope.replace("operator.", "") as Scope);
    return this.host.may("pairing") && covers(holds, scopes);
  }

  async #answer({ requestId, name, isNode }: Request, isYes: boolean): Promise<void> {
    const answer = await this.host.attempt<unknown>(() => {
      const gateway = this.host.gateway();
      if (isNode) return gateway.request(isYes ? "node.pair.approve" : "node.pair.reject", { requestId });
      return gateway.request(isYes ? "device.pair.approve" : "device.pair.reject", { requestId });
    });
    if (answer !== undefined) this.done = `${name} is ${isYes ? "let in" : "refused"}.`;
    await this.service.refresh();
    await this.#focusList();
  }

  async #revoke({ id, name, node, device }: Row): Promise<void> {
    this.#undo.later(id, async () => {
      await this.host.attempt(async () => {
        const gateway = this.host.gateway();
        if (node !== undefined) await gateway.request("node.pair.remove", { nodeId: id });
        if (device !== undefined) await gateway.request("device.pair.remove", { deviceId: id });
      });
      this.done = `${name} is revoked.`;
      await this.service.refresh();
    });
    this.done = `${name} is revoked in ten seconds. Undo is offered until then.`;
    await this.updateComplete;
    this.#buttonOf(id)?.focus();
  }

  async #keep(id: string, name: string): Promise<void> {
    this.#undo.takeBack(id);
    this.done = `${name} is kept.`;
    await this.updateComplete;
    this.#buttonOf(id)?.focus();
  }

  #buttonOf(id: string): HTMLElement | null {
    return this.querySelector<HTMLElement>(`[data-device="${CSS.escape(id)}"] .card-actions button`);
  }

  /** What was decided is gone from the page; the focus goes on to the next, or to the list. */
  async #focusList(): Promise<void> {
    await this.updateComplete;
    (this.querySelector<HTMLElement>("[data-request] button") ?? this.querySelector<HTMLElement>(".scroller"))?.focus();
  }

  #add(): void {
    this.querySelector<AddDeviceElement>("moltbot-add-device")?.open();
  }
}

customElements.define("moltbot-devices", DevicesElement);

function battery({ node }: Row): TemplateResult | typeof nothing {
  if (node?.battery === undefined) return nothing;
  const { level, charging } = node.battery;
  return html`<span class="meta">battery ${Math.round(level * 100)} %${charging === true ? ", charging" : ""}</span>`;
}
