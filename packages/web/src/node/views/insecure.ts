// Where the browser withholds what a node needs: says what is missing, and the ways out. The canvas is shown all the same.

import { html, nothing, type TemplateResult } from "lit";
import { t } from "../../words/t.ts";
import type { Canvas } from "../canvas/canvas-frame.ts";
import { card, command } from "./joining.ts";

/** Where the gateway serves the canvas beside its own pages. */
const OWN_CANVAS = "/__moltbot__/canvas/";

export function insecure(canvas: Canvas, changed: () => void): TemplateResult {
  const look = () => void findCanvas(canvas).then(changed);
  return html`<main class="node-page">
    <h1 tabindex="-1">This address is not safe enough</h1>
    <p>The page came over plain http. Browsers then give it no camera, no microphone, no place, no notifications and no key of its own, so it cannot be a node. There are two ways out:</p>
    <section aria-labelledby="tailnet">
      <h2 id="tailnet">Over your tailnet</h2>
      <p>Best for phones. Run these on the gateway’s machine. The second makes a new invitation:</p>
      ${command("moltbot config set gateway.tailscale.mode serve\nmoltbot nodes invite")}
    </section>
    <section aria-labelledby="tls">
      <h2 id="tls">With a certificate</h2>
      <p>A name of your own behind a proxy that has a certificate is as good. The gateway’s own certificate works in Chrome and Firefox, without notifications, and not on iPhones:</p>
      ${command("moltbot config set gateway.tls.enabled true")}
    </section>
    <section aria-labelledby="still">
      <h2 id="still">What works here</h2>
      <p>The canvas can be shown.</p>
      <button type="button" class="button" @click=${look}>Show the canvas</button>
      ${canvas.problem === undefined ? nothing : html`<p class="problem" role="alert">${canvas.problem}</p>`}
    </section>
  </main>`;
}

export function noKey(): TemplateResult {
  return card(
    t("This browser cannot keep a key"),
    html`<p>A node proves itself by a key that stays in the browser. Private windows keep none, and browsers from before 2025 cannot make this kind. Open the link in an ordinary window of a current browser.</p>`,
  );
}

/** Shows the canvas that is beside this page, when there is one that anybody may see. */
async function findCanvas(canvas: Canvas): Promise<void> {
  const { ok } = await fetch(OWN_CANVAS, { method: "HEAD" }).catch(() => ({ ok: false }));
  canvas.problem = ok
    ? undefined
    : t("The gateway shows its canvas to nobody without a key. Open it by an address that carries one.");
  if (!ok) return;
  canvas.base = location.origin;
  await canvas.present("index.html");
}
