// What this device is and how it is: battery, network, storage, and whether the page is in view.

import { browserName, platformName } from "../../visit/credentials.ts";
import { t } from "../../words/t.ts";
import type { NodeCommand } from "./command.ts";

/** What browsers tell of the battery; Firefox and Safari tell nothing. */
interface Battery {
  readonly level: number;
  readonly charging: boolean;
}

export const deviceInfo: NodeCommand = {
  ...{ name: "device.info", cap: "device", worksHidden: true },
  asksFor: () => t("what it is"),
  run: async () => ({
    ...{ systemName: platformName(), browser: browserName(), locale: navigator.language },
    ...{ userAgent: navigator.userAgent, isTouch: navigator.maxTouchPoints > 0 },
    screen: { width: screen.width, height: screen.height, scale: devicePixelRatio },
  }),
};

export const deviceStatus: NodeCommand = {
  ...{ name: "device.status", cap: "device", worksHidden: true },
  asksFor: () => t("its state"),
  async run() {
    const battery = await batteryNow();
    const { quota, usage } = await storageNow();
    return {
      ...(battery && { battery: { level: battery.level, state: stateOf(battery) } }),
      network: { isOnline: navigator.onLine },
      ...(quota !== undefined && { storage: { totalBytes: quota, usedBytes: usage ?? 0 } }),
      page: { isVisible: document.visibilityState === "visible" },
    };
  },
};

async function batteryNow(): Promise<Battery | undefined> {
  const { getBattery } = navigator as Navigator & { getBattery?: () => Promise<Battery> };
  try {
    return await getBattery?.call(navigator);
  } catch {
    return undefined; // the browser keeps it to itself
  }
}

async function storageNow(): Promise<StorageEstimate> {
  try {
    return await navigator.storage.estimate();
  } catch {
    return {};
  }
}

function stateOf({ level, charging }: Battery): string {
  if (charging) return level === 1 ? "full" : "charging";
  return "unplugged";
}
