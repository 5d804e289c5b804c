// Where this device is.

import { t } from "../../words/t.ts";
import type { NodeCommand } from "./command.ts";
import { badParams, NodeFailure } from "./failure.ts";
import { numberIn, type Params, textIn } from "./params.ts";

/** A place that is known to within this many metres counts as exact. */
const PRECISE_METRES = 100;

export const locationGet: NodeCommand = {
  ...{ name: "location.get", cap: "location", worksHidden: false },
  asksFor: (params) => (textIn(params, "desiredAccuracy") === "precise" ? t("its exact place") : t("its place")),
  async run({ params }) {
    const { coords, timestamp } = await position(optionsIn(params));
    const { latitude, longitude, accuracy, altitude, speed, heading } = coords;
    return {
      ...{ lat: latitude, lon: longitude, accuracyMeters: accuracy },
      ...(altitude !== null && { altitudeMeters: altitude }),
      ...(speed !== null && { speedMps: speed }),
      ...(heading !== null && !Number.isNaN(heading) && { headingDeg: heading }),
      ...{ timestamp: new Date(timestamp).toISOString(), isPrecise: accuracy <= PRECISE_METRES, source: "browser" },
    };
  },
};

function optionsIn(params: Params): PositionOptions {
  const accuracy = textIn(params, "desiredAccuracy") ?? "balanced";
  if (!["coarse", "balanced", "precise"].includes(accuracy))
    throw badParams("desiredAccuracy must be coarse, balanced or precise");
  return {
    enableHighAccuracy: accuracy === "precise",
    timeout: numberIn(params, "timeoutMs", { fallback: 10_000, min: 1_000, max: 60_000 }),
    maximumAge: numberIn(params, "maxAgeMs", { fallback: 0, min: 0, max: 86_400_000 }),
  };
}

/** Rejects with `NodeFailure`. */
export async function position(options: PositionOptions): Promise<GeolocationPosition> {
  return await new Promise((resolve, reject) => {
    navigator.geolocation.getCurrentPosition(resolve, ({ code }) => reject(failureFor(code)), options);
  });
}

/** By the codes of `GeolocationPositionError`. */
function failureFor(code: number): NodeFailure {
  if (code === 1)
    return new NodeFailure(
      "LOCATION_PERMISSION_REQUIRED",
      "the browser does not tell this page its place; allow it in the browser's settings for this page",
    );
  if (code === 3) return new NodeFailure("LOCATION_TIMEOUT", "the device did not find its place in time");
  return new NodeFailure("LOCATION_UNAVAILABLE", "the device does not know its place now");
}
