/** What the devices slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";

export const devices = defineSlice({
  name: "devices",
  uses: [],
  load: () => import("./devices.ts"),
  open(gateway, { Devices }) {
    const devices = new Devices(gateway);
    gateway.host.devices.fill(devices);
    return devices;
  },
});

export const { defineMethod } = devices;
