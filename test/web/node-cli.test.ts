// The command line and the page of a node: an invitation with its code, and a picture in a file.

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Home } from "../cli/harness.ts";
import { startBrowser } from "../support/browser.ts";
import { openNodeWindow } from "../support/node-page.ts";

const TOKEN = { MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };
const browser = await startBrowser(["--use-fake-ui-for-media-stream"]);
after(() => browser.close());

test("nodes invite prints a link and its code, and the browser that opens it gives pictures", async () => {
  using home = new Home();
  await using gateway = await home.gateway([], TOKEN);
  const httpUrl = gateway.url.replace(/^ws/, "http");
  const invited = await home.run(["nodes", "invite", "--name", "phone"], { env: TOKEN });
  const link = /^http\S+#invite=\S+$/m.exec(invited.stdout)?.[0] ?? "";
  await using window = await openNodeWindow(browser, { httpUrl });
  await window.join(link);
  await window.choose("Take pictures", "Always");
  const file = join(home.stateDir, "front.jpg");

  const snap = await home.run(
    ["nodes", "camera", "snap", "--node", "phone", "--facing", "front", "--max-width", "320", "--out", file],
    { env: TOKEN },
  );
  const listed = await home.run(["nodes", "list", "--json"], { env: TOKEN });
  const asked = await window.page.locator(".journal li").first().textContent();
  const json = await home.run(["nodes", "invite", "--json"], { env: TOKEN });
  await home.run(["nodes", "remove", "phone"], { env: TOKEN });
  await window.page.getByRole("heading", { name: "This browser is no longer a node" }).waitFor();

  assert.match(invited.stdout, /[█▀▄]{20}/);
  assert.match(invited.stdout, /Open it on this machine\. It is good for one browser and 10 minutes\./);
  assert.match(invited.stdout, /config set gateway\.tailscale\.mode serve/);
  assert.equal(new URL(link).origin, new URL(httpUrl).origin);
  assert.equal(snap.stdout, `MEDIA:${file}\n`, snap.stderr);
  assert.equal(readFileSync(file).subarray(0, 3).toString("hex"), "ffd8ff");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const [node] = JSON.parse(listed.stdout).nodes;
  assert.deepEqual([node.displayName, node.platform, node.approvalState], ["phone", "web", "approved"]);
  assert.match(asked ?? "", /camera\.snap[\s\S]*Done, always allowed/);
  assert.deepEqual(Object.keys(JSON.parse(json.stdout)).toSorted(), ["addresses", "expiresAtMs", "url"]);
});
