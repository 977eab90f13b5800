import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { SeededRandom } from "@niphas/testing";
import { expect, it } from "vitest";
import { type FaultRig, faultRig } from "./fault-rig.ts";

/** The same kills again: NIPHAS_TEST_SEED. */
const SEED = Number(process.env["NIPHAS_TEST_SEED"] ?? randomInt(2 ** 31));
const NODES = 3;
const CLOSURES = ["first", "second"];
const SHAPE = { pathCount: 8, fileCount: 40, fileSizeBytes: 100_000 };
const BYTES_PER_SECOND = 1_500_000;
const MAX_PAUSE_MS = 500;

/** One thing that may happen to a daemon at any moment. */
async function strike({ daemon }: ReturnType<FaultRig["node"]>, random: SeededRandom): Promise<string> {
  const isDead = !daemon.isRunning;
  if (isDead) {
    await daemon.start();
    return "started";
  }
  const blow = (["SIGKILL", "SIGSTOP", "SIGCONT"] as const)[random.below(3)] ?? "SIGCONT";
  if (blow === "SIGKILL") await daemon.kill();
  else daemon.signal(blow);
  return blow;
}

it(`M08 M09 M30: daemons that are killed, frozen and started at any moment break no pod (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED);
  await using rig = await faultRig({
    nodeCount: NODES,
    closures: Object.fromEntries(CLOSURES.map((name) => [name, SHAPE])),
  });
  rig.upstream.setFaults({ path: /^\/nar\//, bytesPerSecond: BYTES_PER_SECOND });
  const history: string[] = [];
  for (const name of CLOSURES) {
    let waiting = NODES;
    const pods = rig.nodes.map((node) => rig.startPod(name, node).finally(() => waiting--));
    const settled = Promise.allSettled(pods);
    while (waiting > 0) {
      await sleep(random.below(MAX_PAUSE_MS));
      const index = random.below(NODES);
      history.push(`${index} ${await strike(rig.node(index), random)}`);
    }
    const failures = (await settled).flatMap((pod) => (pod.status === "rejected" ? [String(pod.reason)] : []));
    expect(failures, history.join(", ")).toEqual([]);
    for (const node of rig.nodes) await rig.expectWhole(name, node);
  }
  expect(history.length).toBeGreaterThan(2);
});
