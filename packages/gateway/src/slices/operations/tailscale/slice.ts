/** What the tailscale slice uses, and how its service opens. */
import { defineSlice } from "../../../kit/slice.ts";

export const tailscale = defineSlice({
  name: "tailscale",
  uses: [],
  load: () => import("./tailscale.ts"),
  open: (gateway, { Tailscale }) => new Tailscale(gateway),
});

export const { defineMethod } = tailscale;
