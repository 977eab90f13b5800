import { ManualClock } from "@niphas/service";
import { describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { Quarantine } from "./quarantine.ts";

const PEER = "peer" as PeerId;
const MINUTE_MS = 60_000;

describe("Quarantine", () => {
  it("lasts 10 minutes, doubled each time, at most a day, and says why", async () => {
    const clock = new ManualClock();
    const quarantine = new Quarantine({ clock });
    for (const minutes of [10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440]) {
      quarantine.add(PEER, "lied");
      expect(quarantine.entries).toMatchObject([{ peer: PEER, reason: "lied", leftMs: minutes * MINUTE_MS }]);
      await clock.advance(minutes * MINUTE_MS - 1);
      expect(quarantine.has(PEER)).toBe(true);
      await clock.advance(1);
      expect(quarantine.has(PEER)).toBe(false);
    }
    expect(quarantine.entries).toEqual([]);
  });

  it("is not made longer by what was asked for before", () => {
    const quarantine = new Quarantine({ clock: new ManualClock() });
    quarantine.add(PEER, "lied");
    quarantine.add(PEER, "lied");
    expect(quarantine.entries).toMatchObject([{ times: 1, leftMs: 10 * MINUTE_MS }]);
  });

  it("excuses a relay twice", () => {
    const quarantine = new Quarantine({ clock: new ManualClock() });
    quarantine.excuse(PEER, "passed on");
    quarantine.excuse(PEER, "passed on");
    expect(quarantine.has(PEER)).toBe(false);
    quarantine.excuse(PEER, "passed on");
    expect(quarantine.has(PEER)).toBe(true);
  });
});
