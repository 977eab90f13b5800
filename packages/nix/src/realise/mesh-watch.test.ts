import { NiphasError } from "@niphas/core";
import { afterEach, describe, expect, it } from "vitest";
import type { NeighbourProgress } from "../ports.ts";
import { ACTIVITY, RESULT } from "./internal-json.ts";
import { MeshWatch } from "./mesh-watch.ts";
import { Patience } from "./patience.ts";

const MESH = "http://127.0.0.1:8080";
const MIB = 2 ** 20;
const NAR = 1;
const NAR_INFO = 2;
const COPY = 3;

let watch: MeshWatch | undefined;
afterEach(() => watch?.[Symbol.dispose]());

function rig() {
  let nowMs = 0;
  let copiedBytes = 0;
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
  const patience = new Patience({ limitMs: 1_000 });
  const plan = { substituter: MESH, progress, patience, lost: lost.signal, close: () => undefined };
  const watching = new MeshWatch(plan, { nowMs: () => nowMs, starvedMs: () => 0 });
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
    startCopy: (from = MESH) =>
      watching.apply({ action: "start", id: COPY, type: ACTIVITY.copyPath, fields: ["/nix/store/x", from, "local"] }),
    say: (text: string) => watching.apply({ action: "msg", level: 0, text }),
    /** So many more bytes than before. */
    copyMore: (sizeBytes: number) => {
      copiedBytes += sizeBytes;
      watching.apply({ action: "result", id: COPY, type: RESULT.progress, fields: [copiedBytes, 100 * MIB] });
    },
    copied: (done: number, expected: number) =>
      watching.apply({ action: "result", id: COPY, type: RESULT.progress, fields: [done, expected] }),
    sleep: (forMs: number) => {
      nowMs += forMs;
    },
    wait: (forMs: number, each: () => void = () => undefined) => {
      for (const endMs = nowMs + forMs; nowMs < endMs; nowMs += 100) {
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

  it("gives it up when no question is answered within its patience, but not while many are", () => {
    const test = rig();
    let id = 100;
    test.startNarInfo();
    const answerTen = () => {
      for (let count = 0; count < 10; count++) {
        test.startNarInfo(id);
        test.stop(id++);
      }
    };
    expect(test.wait(30_000, answerTen)).toBe("well");
    expect(test.wait(1_200)).toContain("does not answer");
  });

  it("gives it up when answers trickle", () => {
    const test = rig();
    let id = 100;
    test.startNarInfo();
    const answerOne = () => {
      test.startNarInfo(id);
      test.stop(id++);
    };
    expect(test.wait(3_000, answerOne)).toContain("does not answer");
  });

  it("believes it for 10 s that it gets on, and no longer when Nix gets no bytes", () => {
    const test = rig();
    test.startNar();
    const grow = () => {
      test.progress.doneBytes += 64 * 1024;
    };
    expect(test.wait(10_900, grow)).toBe("well");
    expect(test.wait(300, grow)).toContain("gives no bytes");
  });

  it("does not believe it when the bytes of its own words trickle, nor the paths", () => {
    const test = rig();
    test.startNar();
    test.progress.totalPaths = 5;
    const trickle = () => {
      test.progress.doneBytes += 100;
    };
    expect(test.wait(1_700, trickle)).toContain("gives no bytes");
  });

  it("believes it ever again while Nix gets bytes, however few, but not when they trickle", () => {
    const test = rig();
    test.startNar();
    test.startCopy();
    const grow = (copiedBytes: number) => () => {
      test.progress.doneBytes += copiedBytes;
      test.copyMore(copiedBytes);
    };
    expect(test.wait(60_000, grow(28 * 1024))).toBe("well");
    expect(test.wait(30_000, grow(1_000))).toContain("too few");
  });

  it("gives it up when bytes trickle", () => {
    const test = rig();
    test.startNar();
    test.startCopy();
    expect(test.wait(2_000, () => test.copyMore(1_000))).toContain("too few");
  });

  it("does not count bytes that come from elsewhere", () => {
    const test = rig();
    test.startNar();
    test.startCopy("https://cache.example.org");
    expect(test.wait(2_000, () => test.copyMore(MIB))).toContain("gives no bytes");
  });

  it("gives it up when it says to have got more than there is", () => {
    const test = rig();
    test.progress.doneBytes = 101 * MIB;
    expect(test.wait(100)).toContain("more than there is");
  });

  it("leaves it alone while Nix gets bytes, up to what is signed", () => {
    const test = rig();
    test.startNar();
    test.startCopy();
    expect(test.wait(100_000, () => test.copyMore(64 * 1024))).toBe("well");
    test.copied(100 * MIB + 1, 100 * MIB);
    expect(test.wait(0)).toContain("more than there is");
  });

  it("has no more patience after a quick start than at the start", () => {
    const test = rig();
    test.startNar();
    test.startCopy();
    test.copied(50 * MIB, 100 * MIB);
    expect(test.wait(1_200)).toContain("gives no bytes");
  });

  it("gives it up for a NAR that does not have its hash", () => {
    const test = rig();
    test.say("error: hash mismatch importing path '/nix/store/x'; specified: a, got: b");
    expect(test.wait(0)).toContain("wrong bytes");
  });

  it("does not count what its own event loop was late", () => {
    const test = rig();
    test.startNar();
    test.sleep(60_000);
    expect(test.wait(100)).toBe("well");
  });
});
