import { NiphasError } from "@niphas/core";
import { afterEach, describe, expect, it } from "vitest";
import type { NeighbourProgress } from "../ports.ts";
import { ACTIVITY, RESULT } from "./internal-json.ts";
import { MeshWatch } from "./mesh-watch.ts";

const MESH = "http://127.0.0.1:8080";
const MIB = 2 ** 20;
const NAR = 1;
const NAR_INFO = 2;
const COPY = 3;

let watch: MeshWatch | undefined;
afterEach(() => watch?.[Symbol.dispose]());

function rig() {
  let nowMs = 0;
  const lost = new AbortController();
  const progress: { -readonly [Name in keyof NeighbourProgress]: number } = {
    doneBytes: 0,
    totalBytes: 100 * MIB,
    donePaths: 0,
    totalPaths: 1,
    peers: 0,
    peerBytes: 0,
    upstreamBytes: 0,
  };
  const plan = { substituter: MESH, progress, lost: lost.signal, close: () => undefined };
  const watching = new MeshWatch(plan, { nowMs: () => nowMs });
  watch = watching;
  const start = (id: number, url: string) =>
    watching.apply({ action: "start", id, type: ACTIVITY.fileTransfer, fields: [url] });
  return {
    lost,
    progress,
    startNar: () => start(NAR, `${MESH}/nar/x.nar`),
    startNarInfo: (id = NAR_INFO) => start(id, `${MESH}/x.narinfo`),
    startElsewhere: () => start(NAR, "https://cache.example.org/nar/x.nar"),
    stop: (id: number) => watching.apply({ action: "stop", id }),
    startCopy: () => watching.apply({ action: "start", id: COPY, type: ACTIVITY.copyPath, fields: [] }),
    copied: (done: number, expected: number) =>
      watching.apply({ action: "result", id: COPY, type: RESULT.progress, fields: [done, expected] }),
    wait: (forMs: number, each: () => void = () => undefined) => {
      for (const endMs = nowMs + forMs; nowMs < endMs; nowMs += 250) {
        each();
        watching.look();
      }
      const { reason } = watching.lost;
      return reason instanceof NiphasError ? reason.message : "well";
    },
  };
}

describe("the watch over the mesh", () => {
  it("leaves it alone while Nix wants nothing of it, however long", () => {
    const test = rig();
    test.startElsewhere();
    expect(test.wait(600_000)).toBe("well");
  });

  it("gives it up with its plan", () => {
    const test = rig();
    test.lost.abort(new NiphasError("SubstituterUnavailable", "silent"));
    expect(test.wait(0)).toBe("silent");
  });

  it("gives it up when no question is answered for 2.5 s, but not while some are", () => {
    const test = rig();
    let id = 100;
    test.startNarInfo();
    const answerOne = () => {
      test.startNarInfo(id);
      test.stop(id++);
    };
    expect(test.wait(30_000, answerOne)).toBe("well");
    expect(test.wait(3_000)).toContain("does not answer");
  });

  it("gives it up when neither Nix nor the mesh gets bytes for 4 s", () => {
    const test = rig();
    test.startNar();
    expect(test.wait(4_000)).toBe("well");
    expect(test.wait(1_000)).toContain("gives no bytes");
  });

  it("waits while the mesh gets bytes that it keeps back, but not for ever", () => {
    const test = rig();
    test.startNar();
    const grow = () => {
      test.progress.doneBytes += 64 * 1024;
    };
    expect(test.wait(50_000, grow)).toBe("well");
    expect(test.wait(20_000, grow)).toContain("gives no bytes");
  });

  it("does not take single bytes for progress, nor more than there is", () => {
    const slow = rig();
    slow.startNar();
    expect(slow.wait(10_000, () => slow.progress.doneBytes++)).toContain("gives no bytes");
    watch?.[Symbol.dispose]();
    const boasting = rig();
    boasting.progress.doneBytes = 101 * MIB;
    expect(boasting.wait(250)).toContain("more than there is");
  });

  it("waits while Nix gets bytes, up to what is signed", () => {
    const test = rig();
    test.startNar();
    test.startCopy();
    let done = 0;
    expect(test.wait(100_000, () => test.copied(++done, 1_000))).toBe("well");
    test.copied(1_001, 1_000);
    expect(test.wait(0)).toContain("more than there is");
  });
});
