// The devices page: who waits to be let in, and all browsers, programs and nodes with what each may do.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../chat/element.ts";
import { plusIcon } from "../chat/icons.ts";
import { words } from "../chat/words.ts";
import { loading, pageFrame, pageHead, terminal } from "../kit/parts.ts";
import { offerUndo } from "../kit/undo.ts";
import { openWhy } from "../kit/why.ts";
import { clockTime, shortAge } from "../time.ts";
import type { PageHost, Scope } from "../view.ts";
import { browserIdentity } from "../visit/credentials.ts";
import { said, t } from "../words/t.ts";
import type { AddDeviceElement } from "./add.ts";
import type { Devices, DevicesState } from "./known-devices.ts";
import { covers, type Request, type Row, requestsOf, rightsText, rowsOf, strangersIn } from "./rows.ts";
import "./add.ts";
import "./node-commands.ts";

const KINDS = { browser: said("Browser"), program: said("Program"), node: said("Node") } as const;

/** `<moltbot-devices>`: shows `state`, and does what is asked through `host`. */
export class DevicesElement extends PageElement {
  static override properties = {
    host: { attribute: false },
    service: { attribute: false },
    state: { attribute: false },
    ownId: { state: true },
    leaving: { state: true },
    done: { state: true },
  };
  declare host: PageHost;
  declare service: Devices;
  declare state: DevicesState;
  declare ownId: string | undefined;
  /** Devices whose revocation can still be taken back. */
  declare leaving: ReadonlySet<string>;
  /** The last thing that was done, for screen readers. */
  declare done: string;

  constructor() {
    super();
    this.done = "";
    this.leaving = new Set();
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
    this.service.close();
  }

  protected override render(): TemplateResult {
    const mayInvite = this.host.offers("node.invite") && this.host.may("pairing") && this.host.may("write");
    return pageFrame(
      t("Devices"),
      this.done,
      html`${pageHead({
        intro: t(
          "Who may connect and what each may do. A node does things for the agent: it takes pictures or runs programs.",
        ),
        command: "moltbot devices list",
        actions: mayInvite
          ? html`<button type="button" class="button small" @click=${() => this.#add()}>${plusIcon} Add by code</button>`
          : nothing,
      })}
      ${this.state.nodes === undefined ? loading() : html`${this.#requests()} ${this.#all()} ${this.#strangers()}`}
      <moltbot-add-device .host=${this.host}></moltbot-add-device>`,
    );
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
    const { name, wants, from, ts, isNode, requestId, scopes } = request;
    const command = isNode ? `moltbot nodes approve ${requestId}` : `moltbot devices approve ${requestId}`;
    return html`<div class="card-row" data-request=${requestId}>
      <div class="grow">
        <h3 dir="auto">${name}</h3>
        <p>${wants}</p>
        <p class="meta">Asked ${shortAge(ts)}${from === "" ? nothing : html`, from ${from}`}.</p>
        ${terminal(command)}
      </div>
      ${
        this.#mayGive(scopes)
          ? html`<div class="card-actions">
              <button type="button" class="button small primary" aria-label=${t("Let in: {0}", name)} @click=${() => this.#answer(request, true)}>Let in</button>
              <button type="button" class="button small" aria-label=${t("Refuse {0}", name)} @click=${() => this.#answer(request, false)}>Refuse</button>
            </div>`
          : html`<p class="meta">It asks for more than this browser may give.</p>`
      }
    </div>`;
  }

  #all(): TemplateResult {
    const rows = rowsOf(this.state, this.ownId).filter(({ id }) => !this.leaving.has(id));
    return html`<section aria-labelledby="devices-title">
      <h2 id="devices-title">Browsers, programs and nodes</h2>
      ${
        rows.length === 0
          ? html`<p class="meta">None yet. ${this.host.may("pairing") ? t("Open this page on another device, or add one by code.") : t("Only who may let devices in sees them.")}</p>`
          : html`<div class="cards">${repeat(
              rows,
              ({ id }) => id,
              (row) => this.#row(row),
            )}</div>`
      }
    </section>`;
  }

  #row(row: Row): TemplateResult {
    const { id, name, kind, rights, isConnected, isThis, lastSeenAt, node, device } = row;
    return html`<article class="card-row device" data-device=${id} aria-label=${name}>
      <div class="grow">
        <h3>
          <span dir="auto">${name}</span> <span class="chip">${isThis ? t("this browser") : t(KINDS[kind])}</span>
          ${battery(row)}
          <span class="state ${isConnected ? "good" : ""}"><span class="dot"></span>${isConnected ? t("connected") : lastSeenAt === undefined ? t("not seen yet") : t("seen {0}", shortAge(lastSeenAt))}</span>
        </h3>
        <p>${rights}</p>
        ${device === undefined ? nothing : html`<p class="meta">${t("let in: {0}", clockTime(device.approvedAtMs))}</p>`}
        ${node?.hint === undefined || node.pendingRequestId !== undefined ? nothing : html`<p class="meta">${words(node.hint)}</p>`}
        ${
          node === undefined || node.commands.length === 0
            ? nothing
            : html`<moltbot-node-commands .host=${this.host} .node=${node}></moltbot-node-commands>`
        }
      </div>
      <div class="card-actions">
        <button type="button" class="button small quiet" aria-label=${t("Why: {0}", name)} @click=${() => this.#why(row)}>Why</button>
        ${
          isThis || !this.#mayGive(row.scopes) || (row.device === undefined && node === undefined)
            ? nothing
            : html`<button type="button" class="button small" aria-label=${t("Revoke {0}", name)} @click=${() => this.#revoke(row)}>Revoke</button>`
        }
      </div>
    </article>`;
  }

  /** Why it may do what it may, and how to change that. */
  #why({ id, name, device, node, scopes, isThis, rights }: Row): void {
    const short = id.slice(0, 16);
    const tokens = device?.tokens.map(({ role, revokedAtMs, lastUsedAtMs, scopes: held }) => {
      const may = role === "node" ? t("does what it is asked for") : rightsText(held);
      const used = lastUsedAtMs === undefined ? "" : t(" Last used: {0}.", shortAge(lastUsedAtMs));
      const text = revokedAtMs === undefined ? `${may}${used}` : t("taken away, {0}", clockTime(revokedAtMs));
      return [role === "node" ? t("As a node") : t("As an operator"), text] as const;
    });
    openWhy(this.host, {
      title: name,
      because:
        device === undefined
          ? t("It holds the gateway's own token or password. {0}", rights)
          : t("It was let in on {0}. {1}", clockTime(device.approvedAtMs), rights),
      facts: [
        ...(tokens ?? []),
        [t("Commands"), node?.commands.join(", ")],
        [t("System"), node?.platform ?? device?.platform],
        [t("Version"), node?.version],
        [t("Address"), node?.remoteIp ?? device?.remoteIp],
        [t("Id"), id],
      ],
      command: node === undefined ? `moltbot devices remove ${short}` : `moltbot nodes describe ${short}`,
      more: html`${isThis ? html`<p class="meta">This is the browser that you use. “Sign out” stands below the conversations.</p>` : nothing}
      ${scopes.length === 0 || isThis ? nothing : html`<p class="meta">A new token with fewer rights:</p>${terminal(`moltbot devices rotate ${short} --scope operator.read`)}`}`,
    });
  }

  #strangers(): TemplateResult | typeof nothing {
    const strangers = strangersIn(this.state);
    if (strangers.length === 0) return nothing;
    return html`<section aria-labelledby="strangers-title">
      <h2 id="strangers-title">Connected without a device of their own</h2>
      <p class="meta">They hold the gateway's token or password. A new one shuts them out: <code>gateway.auth</code> in the settings.</p>
      <ul class="rows">
        ${strangers.map(
          ({ host = t("a client"), platform, ip, ts }) => html`<li class="plain-row">
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
    if (answer !== undefined) this.done = isYes ? t("{0} is let in.", name) : t("{0} is refused.", name);
    await this.service.refresh();
    await this.#focusList();
  }

  /** Revokes a device. The list drops it at once, and the gateway when nobody takes that back. */
  async #revoke(row: Row): Promise<void> {
    const { id, name } = row;
    const { host, service } = this;
    this.leaving = new Set([...this.leaving, id]);
    offerUndo({
      text: t("“{0}” may not connect any more.", name),
      undo: () => this.#stay(id),
      commit: async () => {
        await host.attempt(() => removed(host, row));
        await service.refresh();
        this.#stay(id);
      },
    });
    await this.#focusList();
  }

  #stay(id: string): void {
    this.leaving = new Set([...this.leaving].filter((each) => each !== id));
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

async function removed(host: PageHost, { id, node, device }: Row): Promise<void> {
  const gateway = host.gateway();
  if (node !== undefined) await gateway.request("node.pair.remove", { nodeId: id });
  if (device !== undefined) await gateway.request("device.pair.remove", { deviceId: id });
}

function battery({ node }: Row): TemplateResult | typeof nothing {
  if (node?.battery === undefined) return nothing;
  const { level, charging } = node.battery;
  return html`<span class="meta">battery ${Math.round(level * 100)} %${charging === true ? ", charging" : ""}</span>`;
}
