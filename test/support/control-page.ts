// The pages of the control page, for tests that walk through all of them.

import type { WebChat } from "./webchat.ts";

/** Each page by its address, with what it is called. The last is not in the sidebar. */
export const PAGES = [
  ["overview", "Overview"],
  ["channels", "Channels"],
  ["sessions", "Sessions"],
  ["agents", "Agents"],
  ["automations", "Automations"],
  ["devices", "Devices"],
  ["usage", "Usage"],
  ["runs", "Runs"],
  ["logs", "Logs"],
  ["settings", "Settings"],
  ["models", "Models"],
] as const;

/** Is true in the browser when a page shows what it is for: it is there, and waits for nothing. */
export const IS_USEFUL = `(document.querySelector("#page-content .column") !== null && document.querySelector("#page-content .loading") === null)`;

/** Is fulfilled in the browser when a page is useful. The page's content policy lets nothing be evaluated by polling. */
const UNTIL_USEFUL = `new Promise((resolve) => {
  const look = () => ${IS_USEFUL} && (observer.disconnect(), resolve());
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true, attributes: true });
  look();
})`;

/** Goes to a page by its address and waits until it is useful. */
export async function goTo({ page }: WebChat, id: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(id)}`);
  const label = PAGES.find(([each]) => each === id)?.[1] ?? id;
  await page.getByRole("heading", { name: label, level: 1, exact: true }).waitFor();
  await page.evaluate(UNTIL_USEFUL);
}
