import { setTimeout as sleep } from "node:timers/promises";
import { BinaryCacheServer, runCommand, waitUntil } from "@niphas/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { failureOf } from "../nix/node-store.ts";
import { type FaultRig, faultRig, hashOf } from "./fault-rig.ts";
import { processorMs } from "./processor-time.ts";

const LARGE = { pathCount: 1, fileCount: 24, fileSizeBytes: 1_000_000 };
/** A loop without rest would use all of it. */
const IDLE_MS = 2_000;
const NAR = /^\/nar\//;

const resources = new AsyncDisposableStack();
let rig: FaultRig;

beforeAll(async () => {
  rig = resources.use(
    await faultRig({
      nodeCount: 2,
      peers: { collected: { nar: "slow", shape: LARGE } },
      closures: { late: {}, gone: {}, killed: LARGE, deserted: {}, returning: {}, unknown: {} },
    }),
  );
});
afterAll(() => resources[Symbol.asyncDispose]());
afterEach(() => rig.upstream.setFaults());

const narInfoUrl = (name: string, index = 1): string =>
  `${rig.node(index).daemon.substituterUrl}/${hashOf(rig.closure(name).root)}.narinfo`;

async function remove(name: string, storeDir: string): Promise<void> {
  await runCommand(["nix-store", "--store", storeDir, "--delete", ...rig.closure(name).paths]);
}

describe("a path that nobody has", () => {
  it("M12: is found a moment later when a member has got it, by the same Nix with the same memory", async () => {
    rig.onlyPeersHave("late");
    expect((await fetch(narInfoUrl("late"))).status).toBe(404);
    expect((await failureOf(rig.node(1).realise(rig.closure("late").root))).code).toBe("PathNotFound");
    rig.upstream.setFaults();
    await rig.node(0).realise(rig.closure("late").root);
    rig.onlyPeersHave("late");
    await rig.known("late", { reader: rig.node(1) });
    await waitUntil("the path to be found", async () => (await fetch(narInfoUrl("late"))).status === 200);
    await rig.node(1).realise(rig.closure("late").root);
    await rig.expectWhole("late", rig.node(1));
  });
});

describe("a path that is known and then collected where it was", () => {
  it("M13: is not found when it is asked for, and comes from upstream without a failure", async () => {
    await rig.node(0).realise(rig.closure("gone").root);
    await rig.known("gone", { reader: rig.node(1) });
    const narInfo = await (await fetch(narInfoUrl("gone"))).text();
    const [, url = ""] = /^URL: (.*)$/m.exec(narInfo) ?? [];
    await waitUntil("the member to keep no copy for others", async () => {
      return (await rig.node(0).daemon.status()).nars === 0;
    });
    await remove("gone", rig.node(0).settings.store.rootDir);
    rig.upstream.setFaults({ path: NAR, status: 404 });
    expect((await fetch(`${rig.node(1).daemon.substituterUrl}/${url}`)).status).toBe(404);
    rig.upstream.setFaults();
    await rig.node(1).realise(rig.closure("gone").root);
    await rig.expectWhole("gone", rig.node(1));
  });

  it("M31: while it is sent, never arrives short or wrong", async () => {
    await rig.known("collected", { reader: rig.node(1) });
    const realised = rig.node(1).realise(rig.closure("collected").root);
    await waitUntil("its first bytes", async () => {
      const { nar } = await rig.node(1).daemon.why(hashOf(rig.closure("collected").root));
      return (nar?.doneBytes ?? 0) > 0;
    });
    const { root } = rig.closure("collected");
    await runCommand(["nix-store", "--store", rig.source.location.rootDir, "--delete", root]);
    await realised;
    await rig.expectWhole("collected", rig.node(1));
    expect((await rig.node(1).daemon.status()).receivedBytes.upstream).toBeGreaterThan(0);
  });
});

describe("the daemon of a node", () => {
  it("M30: that is killed in the midst of an answer to Nix takes nothing with it", async () => {
    rig.upstream.setFaults({ path: NAR, bytesPerSecond: 2_000_000 });
    const started = rig.startPod("killed", rig.node(1));
    await waitUntil("bytes to come", async () => {
      const { nar } = await rig.node(1).daemon.why(hashOf(rig.closure("killed").root));
      return (nar?.doneBytes ?? 0) > 0;
    });
    await rig.node(1).daemon.kill();
    rig.upstream.setFaults();
    await started;
    await rig.expectWhole("killed", rig.node(1));
    await rig.node(1).daemon.start();
  });

  it("M09: whose members are all dead or frozen answers 404 to what nobody has, and has upstream", async () => {
    rig.node(0).daemon.signal("SIGSTOP");
    rig.onlyPeersHave("unknown");
    expect((await fetch(narInfoUrl("unknown"))).status).toBe(404);
    rig.upstream.setFaults();
    await rig.node(1).realise(rig.closure("deserted").root);
    await rig.expectWhole("deserted", rig.node(1));
    rig.node(0).daemon.signal("SIGCONT");
  });

  it("M11: with members and upstream gone fails with a reason, is idle, and works as soon as one is back", async () => {
    const { daemon } = rig.node(1);
    const { port } = new URL(rig.upstreamUrl);
    await rig.node(0).daemon.kill();
    await rig.evil[Symbol.asyncDispose]();
    await rig.upstream[Symbol.asyncDispose]();
    const failure = await failureOf(rig.startPod("returning", rig.node(1)));
    expect(["SubstituterUnavailable", "PathNotFound"]).toContain(failure.code);
    expect(failure.message).toContain(rig.closure("returning").root);
    const beforeMs = processorMs(daemon.pid);
    await sleep(IDLE_MS);
    expect(processorMs(daemon.pid) - beforeMs).toBeLessThan(IDLE_MS / 2);
    await using _back = await BinaryCacheServer.start(rig.cacheDir, { port: Number(port) });
    await waitUntil("the pod to start", async () => {
      const outcome = await rig.startPod("returning", rig.node(1)).then(
        () => "started",
        () => "failed",
      );
      return outcome === "started";
    });
    await rig.expectWhole("returning", rig.node(1));
  });
});
