// Waits for what a page says of itself.
import type { Page } from "playwright-core";
import { ignore } from "../../packages/gateway/src/base/errors.ts";
import { eventually } from "./time-limit.ts";

/**
 * Waits until an expression is true in a page. It is asked from outside each time: a page's content policy refuses
 * expressions that are evaluated from within, which Playwright's own waiting does after its first look.
 */
export async function untilTrue(page: Page, expression: string): Promise<void> {
  await eventually(expression, async () => {
    try {
      return await page.evaluate<boolean>(`Boolean(${expression})`);
    } catch (error) {
      if (page.isClosed()) throw error;
      ignore(error, "the page is going elsewhere; it is asked again where it arrives");
      return false;
    }
  });
}
