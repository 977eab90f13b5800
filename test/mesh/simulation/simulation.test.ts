import type { PathHash } from "@niphas/mesh";
import { describe, expect, it } from "vitest";
import { SPREAD_PATH, spread } from "./scenarios/spread.ts";
import { World } from "./world.ts";

const MIB = 2 ** 20;
/** Small, so that the tests take seconds; the benchmark has the full size. */
const SMALL = { sizeBytes: 256 * MIB };
const OTHER_PATH = "1c5a4zjwb2m5w1ymgzshj0kkz3r1vi8g" as PathHash;

describe("a NAR that one node has and all others want", () => {
  it("is the same story for the same seed, and another for another", async () => {
    const [first, again, other] = [
      await spread({ nodeCount: 10, seed: 1, ...SMALL }),
      await spread({ nodeCount: 10, seed: 1, ...SMALL }),
      await spread({ nodeCount: 10, seed: 2, ...SMALL }),
    ];
    expect(again).toEqual(first);
    expect(other.makespanMs).not.toBe(first.makespanMs);
  });

  it.each([
    10, 60,
  ])("reaches %i nodes in a few times what one copy takes, and nobody carries the others", async (nodeCount) => {
    const result = await spread({ nodeCount, seed: 1, ...SMALL });
    expect(result.finishedCount).toBe(nodeCount - 1);
    expect(result.rounds).toBeLessThan(1.5 + Math.log2(nodeCount) / 2);
    expect(result.uploadRatio).toBeLessThan(4);
  });

  it("reaches nodes in all zones", async () => {
    const result = await spread({ nodeCount: 30, zoneCount: 3, seed: 1, ...SMALL });
    expect(result.finishedCount).toBe(29);
    expect(result.uploadRatio).toBeLessThan(4);
  });

  it("reaches all when a liar claims to hold it", async () => {
    const result = await spread({
      nodeCount: 30,
      seed: 1,
      ...SMALL,
      disturb: (world) => {
        const liar = world.at(5);
        liar.isLiar = true;
        liar.paths.add(SPREAD_PATH);
      },
    });
    expect(result.finishedCount).toBe(29);
    expect(result.rounds).toBeLessThan(4);
  });

  it("reaches all others when holders die in mid-transfer", async () => {
    const result = await spread({
      nodeCount: 30,
      seed: 1,
      ...SMALL,
      disturb: (world) => {
        world.time.setTimer(3000, () => {
          for (const index of [3, 4, 5]) world.kill(world.at(index));
        });
      },
    });
    expect(result.finishedCount).toBe(26);
    expect(result.rounds).toBeLessThan(4);
  });

  it("reaches all when a partition that cut half of them off is healed", async () => {
    const result = await spread({
      nodeCount: 20,
      seed: 1,
      ...SMALL,
      disturb: (world) => {
        const [left, right] = [world.nodes.slice(0, 10), world.nodes.slice(10)];
        world.partition(left, right, true);
        world.time.setTimer(20_000, () => world.partition(left, right, false));
      },
    });
    expect(result.finishedCount).toBe(19);
    expect(result.makespanMs).toBeGreaterThan(20_000);
    expect(result.makespanMs).toBeLessThan(40_000);
  });
});

describe("discovery of 50 nodes", () => {
  it("forgets within 5 s what a killed node said", async () => {
    await using world = new World({ nodeCount: 50, seed: 1 });
    const holder = world.at(7);
    holder.paths.add(OTHER_PATH);
    await world.time.pass(5000);
    expect(world.at(0).discovery.of(OTHER_PATH)).toEqual([holder.peer]);
    world.kill(holder);
    await world.time.pass(5000);
    for (const node of world.nodes) if (node !== holder) expect(node.discovery.of(OTHER_PATH)).toEqual([]);
  });

  it("is whole again within 5 s after all have lost each other", async () => {
    await using world = new World({ nodeCount: 50, seed: 1 });
    for (const node of world.nodes) node.paths.add(OTHER_PATH);
    await world.time.pass(5000);
    world.partition(world.nodes, world.nodes, true);
    await world.time.pass(60_000);
    for (const node of world.nodes) expect(node.discovery.of(OTHER_PATH)).toEqual([]);
    world.partition(world.nodes, world.nodes, false);
    await world.time.pass(5000);
    for (const node of world.nodes) expect(node.discovery.of(OTHER_PATH)).toHaveLength(49);
  });

  it("has the same owners and keepers on all nodes, and the next owner when one leaves", async () => {
    await using world = new World({ nodeCount: 50, seed: 1 });
    const owners = world.owners(OTHER_PATH);
    const rest = world.nodes.map(({ peer }) => peer).filter((peer) => peer !== owners[0]);
    world.views.set(rest);
    expect(world.owners(OTHER_PATH).slice(0, 2)).toEqual(owners.slice(1));
  });
});
