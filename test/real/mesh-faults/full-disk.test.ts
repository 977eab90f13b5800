import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { needs } from "@niphas/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureOf } from "../nix/node-store.ts";
import { type FaultRig, faultRig } from "./fault-rig.ts";

const LARGE = { pathCount: 1, fileCount: 24, fileSizeBytes: 1_000_000 };

const resources = new AsyncDisposableStack();
let rig: FaultRig;

beforeAll(async () => {
  rig = resources.use(
    await faultRig({
      closures: { large: LARGE, larger: LARGE, small: {} },
      beforeState: (stateDir) => {
        mkdirSync(stateDir, { recursive: true });
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "niphas-test", stateDir]);
      },
    }),
  );
});
afterAll(() => resources[Symbol.asyncDispose]());
beforeEach((test) => needs(test, "root", "private mount namespace"));

function fill(): void {
  const { stateDir } = rig.node().daemon.init;
  const { bavail, bsize } = statfsSync(stateDir);
  writeFileSync(`${stateDir}/filler`, Buffer.alloc(bavail * bsize));
}

describe("a disk without room for a NAR on its way", () => {
  it("makes the mesh say so, and nothing is left of it", async () => {
    const failure = await failureOf(rig.node().realise(rig.closure("large").root));
    expect(failure.code, failure.message).toBe("SubstituterUnavailable");
    rig.expectAbsent("large");
    const metrics = await (await fetch(`${rig.node().daemon.healthUrl}/metrics`)).text();
    expect(metrics).toMatch(/niphas_mesh_fallbacks_total\{reason="full"\} [1-9]/);
    expect((await rig.node().daemon.status()).spoolBytes.disk).toBe(0);
  });

  it("keeps no pod from starting", async () => {
    await rig.startPod("larger");
    await rig.expectWhole("larger");
  });
});

describe("a state directory without a byte of room", () => {
  it("does not matter to what is small", async () => {
    fill();
    await rig.node().realise(rig.closure("small").root);
    await rig.expectWhole("small");
  });

  it("lets a daemon start again, or end with a reason", async () => {
    const { daemon } = rig.node();
    await daemon.kill();
    daemon.spawn();
    const outcome = await Promise.race([daemon.exited(), servesAgain()]);
    if (outcome !== "serves")
      expect(daemon.logs.tail(3)).toMatch(/DiskFull|no space left|StateInUse|database or disk is full/i);
    rmSync(`${daemon.init.stateDir}/filler`);
    await daemon.kill();
    await daemon.start();
  });
});

async function servesAgain(): Promise<"serves"> {
  await expect.poll(() => rig.node().daemon.logs.records.filter(({ msg }) => msg === "serving").length).toBe(2);
  return "serves";
}
