/** The bridge of the apps for Apple's systems and Android. Which of the three brands' names there is differs by version. */
import { BRANDS, GLOBAL } from "./brands.ts";

interface Handler {
  postMessage(message: unknown): void;
}

/** Hands a message to the app that shows this page. False when no app does. */
export function postToApp(message: unknown): boolean {
  const apple = (GLOBAL.webkit as { messageHandlers?: Record<string, Handler | undefined> } | undefined)
    ?.messageHandlers;
  for (const brand of BRANDS) {
    const handler = apple?.[`${brand}CanvasA2UIAction`];
    if (handler !== undefined) {
      handler.postMessage(message);
      return true;
    }
  }
  for (const brand of BRANDS) {
    const android = GLOBAL[`${brand}CanvasA2UIAction`] as Handler | undefined;
    if (typeof android?.postMessage === "function") {
      android.postMessage(JSON.stringify(message));
      return true;
    }
  }
  return false;
}

/** Whether an app shows this page. */
export function isInApp(): boolean {
  const apple = (GLOBAL.webkit as { messageHandlers?: Record<string, unknown> } | undefined)?.messageHandlers;
  return BRANDS.some((brand) => {
    const name = `${brand}CanvasA2UIAction`;
    return apple?.[name] !== undefined || GLOBAL[name] !== undefined;
  });
}
