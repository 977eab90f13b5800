import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type NarInfo, NiphasError, parseNarHash, parseStorePath, storePathHash } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { MemoryUpstream } from "./memory-upstream.test-twin.ts";
import { parsePathHash } from "./path-hash.ts";
import { badBytes, UpstreamUnavailable } from "./unavailable.ts";
import { UpstreamSet, type UpstreamSetInit } from "./upstream-set.ts";

const { signal: never } = new AbortController();
const BYTES = Buffer.from("0123456789".repeat(100));
const PATH = parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-app");
const HASH = parsePathHash(storePathHash(PATH)) ?? expect.fail("no hash");

function infoOf(bytes: Uint8Array, override: Partial<NarInfo> = {}): NarInfo {
  const narHash = parseNarHash(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
  return {
    path: PATH,
    url: "nar/a.nar",
    compression: "none",
    fileHash: undefined,
    fileSizeBytes: undefined,
    narHash,
    narSizeBytes: bytes.length,
    references: [],
    deriver: undefined,
    signatures: ["good"],
    contentAddress: undefined,
    ...override,
  };
}

function rig(init: UpstreamSetInit = {}) {
  let now = 1_000_000;
  const [second, first] = [new MemoryUpstream("second", 40), new MemoryUpstream("first", 10)];
  const set = new UpstreamSet(
    { upstreams: [second, first], isTrusted: (info) => info.signatures.includes("good") },
    { nowMs: () => now, pause: { random: () => 1, firstMs: 1000 }, answerTimeoutMs: 50, ...init },
  );
  const have = (upstream: MemoryUpstream, override: Partial<NarInfo> = {}, bytes = BYTES) => {
    upstream.infos.set(HASH, infoOf(BYTES, override));
    upstream.nars.set(PATH, bytes);
  };
  const outcomes = async () => (await set.ask(HASH, never)).attempts.map((each) => `${each.upstream} ${each.outcome}`);
  const read = async (start = 0) => {
    const nar = set.nar(infoOf(BYTES), start, never);
    const bytes = Buffer.concat(await Array.fromAsync(nar.body));
    return { bytes, transferredBytes: nar.transferredBytes() };
  };
  return {
    set,
    first,
    second,
    have,
    outcomes,
    read,
    wait: (ms: number) => {
      now += ms;
    },
    [Symbol.asyncDispose]: () => set[Symbol.asyncDispose](),
  };
}

describe("asking for a path", () => {
  it("goes by priority and ends where it is found", async () => {
    await using test = rig();
    expect(test.set.names).toEqual(["first", "second"]);
    test.have(test.second);
    expect(await test.outcomes()).toEqual(["first absent", "second found"]);
    await using other = rig();
    other.have(other.first);
    other.have(other.second);
    expect(await other.outcomes()).toEqual(["first found"]);
    expect(other.second.asked).toEqual([]);
  });

  it("goes by the priority that an upstream tells later", async () => {
    await using test = rig();
    test.first.priority = Number.POSITIVE_INFINITY;
    expect(test.set.names).toEqual(["second", "first"]);
    test.second.priority = Number.POSITIVE_INFINITY;
    expect(test.set.names).toEqual(["second", "first"]);
    test.first.priority = 1;
    expect(test.set.names).toEqual(["first", "second"]);
  });

  it("passes over what no trusted key has signed and what makes no sense, and says so", async () => {
    await using test = rig();
    test.have(test.first, { signatures: ["evil"] });
    test.have(test.second);
    expect(await test.outcomes()).toEqual(["first untrusted", "second found"]);
    await using other = rig();
    other.first.fault = badBytes("first", "makes no sense");
    expect(await other.outcomes()).toEqual(["first corrupt", "second absent"]);
    other.wait(5000);
    expect(await other.outcomes()).toEqual(["first corrupt", "second absent"]);
  });

  it("asks once for all who ask at the same time, and remembers what was found", async () => {
    await using test = rig();
    test.have(test.first);
    const answers = await Promise.all(Array.from({ length: 50 }, () => test.set.ask(HASH, never)));
    expect(new Set(answers).size).toBe(1);
    await test.set.ask(HASH, never);
    expect(test.first.asked.length).toBe(1);
  });

  it("remembers for seconds only that nobody has it", async () => {
    await using test = rig();
    await test.outcomes();
    await test.outcomes();
    expect(test.first.asked.length).toBe(1);
    test.have(test.first);
    test.wait(3001);
    expect(await test.outcomes()).toEqual(["first found"]);
  });

  it("does not remember that nobody has it when one could not be asked", async () => {
    await using test = rig();
    test.second.fault = new UpstreamUnavailable("second", "answers (HTTP 500)");
    expect(await test.outcomes()).toEqual(["first absent", "second failed"]);
    test.have(test.first);
    expect(await test.outcomes()).toEqual(["first found"]);
  });

  it("goes on when its asker leaves", async () => {
    await using test = rig();
    test.have(test.first);
    const leaving = new AbortController();
    const left = test.set.ask(HASH, leaving.signal);
    leaving.abort(new NiphasError("Cancelled", "left"));
    expect(test.set.isAsking(HASH)).toBe(true);
    await expect(left).rejects.toMatchObject({ code: "Cancelled" });
    await test.outcomes();
    expect(test.set.isAsking(HASH)).toBe(false);
    expect(test.first.asked.length).toBe(1);
  });
});

describe("many questions at once", () => {
  const hashes = Array.from({ length: 100 }, (_, index) => parsePathHash(String(index).padStart(32, "0")) ?? HASH);

  it("wait for their turn, and their time begins with it", async () => {
    await using test = rig({ maxQuestions: 2, nowMs: Date.now });
    let [current, most] = [0, 0];
    const { narInfo } = test.first;
    test.first.narInfo = async function (this: MemoryUpstream, ...args) {
      most = Math.max(most, ++current);
      await sleep(2);
      current--;
      return narInfo.apply(this, args);
    };
    const answers = await Promise.all(hashes.map((each) => test.set.ask(each, never)));
    expect(most).toBe(2);
    expect(answers.flatMap((each) => each.attempts.map(({ outcome }) => outcome))).not.toContain("failed");
  });

  it("to an upstream that falls silent end when the first of them do", async () => {
    await using test = rig({ maxQuestions: 2 });
    test.first.fault = "hang";
    const answers = await Promise.all(hashes.map((each) => test.set.ask(each, never)));
    expect(answers.map((each) => each.attempts[0]?.outcome)).toContain("paused");
    expect(test.first.asked.length).toBe(2);
  });
});

describe("a failing upstream", () => {
  it("is not asked while it is paused, and the reason is told", async () => {
    await using test = rig({ absentTtlMs: 0 });
    test.first.fault = new UpstreamUnavailable("first", "answers (HTTP 500)");
    expect(await test.outcomes()).toEqual(["first failed", "second absent"]);
    expect(await test.outcomes()).toEqual(["first paused", "second absent"]);
    expect((await test.set.ask(HASH, never)).attempts[0]?.reason).toContain("answers (HTTP 500)");
    expect(test.first.asked.length).toBe(1);
    test.wait(1000);
    test.first.fault = undefined;
    expect(await test.outcomes()).toEqual(["first absent", "second absent"]);
  });

  it("is left alone for as long as it asks", async () => {
    await using test = rig({ absentTtlMs: 0 });
    test.first.fault = new UpstreamUnavailable("first", "answers (HTTP 429)", { retryAfterMs: 20_000 });
    await test.outcomes();
    test.wait(19_999);
    expect(await test.outcomes()).toEqual(["first paused", "second absent"]);
    test.wait(1);
    expect(await test.outcomes()).toEqual(["first failed", "second absent"]);
  });

  it("that says nothing is given up, and the next one is asked", async () => {
    await using test = rig();
    test.first.fault = "hang";
    test.have(test.second);
    const answer = await test.set.ask(HASH, never);
    expect(answer.attempts.map((each) => each.outcome)).toEqual(["failed", "found"]);
    expect(answer.attempts[0]?.reason).toBe("first: did not answer within 50 ms");
  });

  it("that stumbles over a bug is no end of the others", async () => {
    await using test = rig();
    test.first.fault = new Error("canary");
    test.have(test.second);
    const answer = await test.set.ask(HASH, never);
    expect(answer.kind).toBe("found");
    expect(JSON.stringify(answer.attempts)).not.toContain("canary");
  });
});

describe("reading a NAR", () => {
  it("gives it from any byte on and counts what was transferred", async () => {
    await using test = rig();
    test.have(test.first);
    expect(await test.read()).toEqual({ bytes: BYTES, transferredBytes: 1000 });
    expect(await test.read(950)).toEqual({ bytes: BYTES.subarray(950), transferredBytes: 50 });
  });

  it("goes on with the same upstream at the byte where it broke off", async () => {
    await using test = rig();
    test.have(test.first);
    test.first.breakAt = 300;
    test.first.breaks = 2;
    await test.set.ask(HASH, never);
    // The second break comes without progress: the other one is asked, which does not have it.
    await expect(test.read()).rejects.toMatchObject({ code: "SubstituterUnavailable" });
    test.first.breaks = 1;
    expect(await test.read()).toEqual({ bytes: BYTES, transferredBytes: 1000 });
    expect(test.first.narStarts.slice(-2)).toEqual([0, 300]);
  });

  it("goes on with the next upstream when the first one is gone", async () => {
    await using test = rig();
    test.have(test.first);
    test.have(test.second);
    test.first.breakAt = 500;
    test.first.breaks = 2;
    expect((await test.read()).bytes).toEqual(BYTES);
    expect([test.first.narStarts, test.second.narStarts]).toEqual([[0, 500], [500]]);
  });

  it("comes from the next upstream when the first one has given it wrong, and from the only one nevertheless", async () => {
    await using test = rig();
    const lie = Buffer.from(BYTES).fill(0, 500);
    test.have(test.first, {}, lie);
    test.have(test.second);
    expect((await test.read()).bytes).toEqual(lie);
    expect(test.set.hasOther(infoOf(BYTES))).toBe(true);
    test.set.accuse(infoOf(BYTES));
    expect(test.set.hasOther(infoOf(BYTES))).toBe(true);
    expect((await test.read()).bytes).toEqual(BYTES);
    test.set.accuse(infoOf(BYTES));
    expect(test.set.hasOther(infoOf(BYTES))).toBe(false);
    expect((await test.read()).bytes).toHaveLength(BYTES.length);
  });

  it("asks for other bytes of nobody", async () => {
    await using test = rig();
    test.have(test.first, { narHash: parseNarHash(`sha256:${"0".repeat(52)}`) });
    await expect(test.read()).rejects.toMatchObject({ code: "PathNotFound" });
    test.have(test.second);
    expect((await test.read()).bytes).toEqual(BYTES);
    expect(test.first.narStarts).toEqual([]);
  });

  it("says what was tried when nobody gives it", async () => {
    await using test = rig();
    test.first.fault = new UpstreamUnavailable("first", "answers (HTTP 500)");
    await expect(test.read()).rejects.toThrow(/first: answers \(HTTP 500\).*second: does not have it/);
  });

  it("ends with the set", async () => {
    const test = rig();
    test.have(test.first);
    const body = test.set.nar(infoOf(BYTES), 0, never).body[Symbol.asyncIterator]();
    await body.next();
    await test.set[Symbol.asyncDispose]();
    test.first.breaks = 1;
    await expect(
      (async () => {
        for (;;) if ((await body.next()).done) return;
      })(),
    ).rejects.toMatchObject({ code: "ShuttingDown" });
  });
});

describe("other files", () => {
  it("come from the first upstream that has them; who fails is passed over", async () => {
    await using test = rig();
    test.first.fault = new UpstreamUnavailable("first", "answers (HTTP 500)");
    test.second.files.set("log/x.drv", Buffer.from("log"));
    const file = await test.set.file("log/x.drv", never);
    expect(Buffer.concat(await Array.fromAsync(file?.body ?? [])).toString()).toBe("log");
    expect(await test.set.file("log/y.drv", never)).toBeUndefined();
  });

  it("of a NAR are those of the same NAR in the same compression", async () => {
    await using test = rig();
    test.have(test.first, { compression: "xz", url: "nar/a.nar.xz" });
    test.first.files.set("nar/a.nar.xz", Buffer.from("compressed"));
    const ask = async (compression: string, bytes = BYTES) => {
      const file = await test.set.compressedNar({ ...infoOf(bytes), compression }, 3, never);
      return file === undefined ? undefined : Buffer.concat(await Array.fromAsync(file.body)).toString();
    };
    expect(await ask("xz")).toBe("pressed");
    expect(await ask("zstd")).toBeUndefined();
    expect(await ask("xz", Buffer.from("other"))).toBeUndefined();
  });
});
