import { parseNarInfo } from "@niphas/core";
import { expect, it } from "vitest";
import { pathHashOf } from "../upstream/path-hash.ts";
import { inventedInfo } from "./memory-sources.test-twin.ts";
import type { SubstituterEvent } from "./ports.ts";
import { RecalledNarInfos } from "./recalled-nar-infos.ts";

function rig() {
  const info = inventedInfo(Buffer.from("nar"));
  const hash = pathHashOf(info.path);
  const events: SubstituterEvent[] = [];
  const clock = { nowMs: 1_000 };
  const recalled = new RecalledNarInfos({
    nowMs: () => clock.nowMs,
    recall: (path) => (path === hash ? info : undefined),
    observe: (event) => events.push(event),
  });
  return { info, hash, clock, events, recalled };
}

it("are told as text, with a URL of our own", () => {
  const { info, hash, recalled, events } = rig();
  const text = recalled.answer(`/${hash}.narinfo`) ?? "";
  const told = parseNarInfo(text);
  expect([told.path, told.narHash, told.narSizeBytes]).toEqual([info.path, info.narHash, info.narSizeBytes]);
  expect(told.url).toMatch(/^nar\/[0-9a-z]{32}-[0-9a-z]{52}\.nar$/);
  expect(recalled.answer(`/${hash}.narinfo`)).toBe(text);
  expect(events.map(({ request, outcome }) => [request, outcome])).toEqual([
    ["narinfo", "served"],
    ["narinfo", "served"],
  ]);
});

it("are none for what is not in memory, nor for anything else", () => {
  const { hash, recalled, events } = rig();
  for (const url of [
    "/",
    `/${"0".repeat(32)}.narinfo`,
    `/${hash}.ls`,
    `/${hash}.narinfo?x`,
    `//${hash}.narinfo`,
    `${hash}.narinfo`,
  ])
    expect(recalled.answer(url)).toBeUndefined();
  expect([events, recalled.isAsked]).toEqual([[], false]);
});

it("say that Nix is asking, for a moment", () => {
  const { hash, clock, recalled } = rig();
  recalled.answer(`/${hash}.narinfo`);
  expect(recalled.isAsked).toBe(true);
  clock.nowMs += 1_000;
  expect(recalled.isAsked).toBe(false);
});
