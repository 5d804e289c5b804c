/** What the nodes slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { devices } from "../devices/slice.ts";

export const nodes = defineSlice({
  name: "nodes",
  uses: [devices],
  load: () => import("./nodes.ts"),
  open(gateway, { Nodes }) {
    const nodes = new Nodes(gateway);
    gateway.host.connections.add(nodes);
    gateway.host.invitations.fill(nodes.pairing.invitations);
    return nodes;
  },
});

export const { defineMethod } = nodes;
