import { describe, expect, it } from "vitest";
import { bridgeCommands, cableCommands, nodeCommands } from "./links.ts";

describe("the network", () => {
  it("is a bridge in the control machine", () => {
    expect(bridgeCommands()).toContain("address add 172.30.0.1/24 dev nodes");
  });

  it("has a cable for each node, and the way to its pods", () => {
    expect(cableCommands(2, 4711)).toEqual([
      "link add node-2 type veth peer name eth0 netns 4711",
      "link set node-2 master nodes up",
      "route replace 10.244.2.0/24 via 172.30.0.12",
    ]);
  });

  it("leads from each node to the pods of all others", () => {
    expect(nodeCommands(2, 3)).toEqual([
      "link set lo up",
      "address add 172.30.0.12/24 dev eth0",
      "link set eth0 up",
      "route add default via 172.30.0.1",
      "route add 10.244.1.0/24 via 172.30.0.11",
      "route add 10.244.3.0/24 via 172.30.0.13",
    ]);
  });
});
