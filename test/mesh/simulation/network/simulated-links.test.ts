import type { PeerId } from "@niphas/mesh";
import { expect, it } from "vitest";
import { SimulatedTime } from "../engine/simulated-time.ts";
import { type Flow, SimulatedLinks } from "./simulated-links.ts";

const [a, b, c] = ["a", "b", "c"] as [PeerId, PeerId, PeerId];

function rig(): {
  time: SimulatedTime;
  links: SimulatedLinks;
  ends: string[];
  send: (from: PeerId, to: PeerId, size: number) => Flow;
} {
  const time = new SimulatedTime();
  const links = new SimulatedLinks({ time });
  for (const peer of [a, b, c]) links.add(peer, { upBytesPerMs: 100, downBytesPerMs: 50 });
  const ends: string[] = [];
  const send = (from: PeerId, to: PeerId, size: number): Flow =>
    links.send(from, to, size, (isComplete) => ends.push(`${from}${to} ${isComplete} ${time.nowMs()}`));
  return { time, links, ends, send };
}

it("lets a flow have the smaller speed of its two ends", async () => {
  const { time, ends, send } = rig();
  send(a, b, 1000);
  await time.pass(100);
  expect(ends).toEqual(["ab true 20"]);
});

it("shares a direction among its flows, and gives what becomes free to those that are left", async () => {
  const { time, links, ends, send } = rig();
  send(a, c, 1000);
  send(b, c, 500);
  await time.pass(100);
  expect(ends).toEqual(["bc true 20", "ac true 30"]);
  expect([links.uploadedBytes(a), links.uploadedBytes(b)]).toEqual([1000, 500]);
});

it("counts what was sent before a cut", async () => {
  const { time, links, ends, send } = rig();
  send(a, b, 1000);
  await time.pass(10);
  links.cutBetween(b, a);
  await time.pass(100);
  expect(ends).toEqual(["ab false 10"]);
  expect(links.uploadedBytes(a)).toBe(500);
});

it("says how far a flow is, and ends it sooner when less of it is wanted", async () => {
  const { time, links, ends, send } = rig();
  const flow = send(a, b, 1000);
  await time.pass(5);
  expect(flow.movedBytes).toBe(250);
  flow.shorten(600);
  await time.pass(100);
  expect(ends).toEqual(["ab true 12"]);
  expect([flow.movedBytes, links.uploadedBytes(a)]).toEqual([600, 600]);
});
