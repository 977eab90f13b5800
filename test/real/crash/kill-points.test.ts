import { setTimeout as sleep } from "node:timers/promises";
import { needs, SeededRandom, TestNode } from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { expectNothingLeft, MACHINE } from "../scenarios/support.ts";
import { CrashRig } from "./crash-rig.ts";

beforeEach((context) => needs(context, ...MACHINE));

/** On each of the two versions of Nix: 200 in the whole run. */
const KILLS = Number(process.env["NIPHAS_TEST_KILLS"] ?? 100);
const LANES = 2;
const MAX_DELAY_MS = 200;
const COLLECT_EVERY = 3;
const SETTLE_MS = 60_000;
const SEED = Number(process.env["NIPHAS_TEST_SEED"] ?? Date.now() % 100_000);

/** What a start finds half made it deletes in the background, one thing after the other; only what stays is a fault. */
async function lastingProblems(rig: CrashRig): Promise<readonly string[]> {
  const endMs = performance.now() + SETTLE_MS;
  while (rig.problems().length > 0 && performance.now() < endMs) await sleep(50);
  return rig.problems();
}

it(`K13 K14: SIGKILL at ${KILLS} random points of publish and unpublish`, async () => {
  console.log(`seed ${SEED} (NIPHAS_TEST_SEED)`);
  const random = new SeededRandom(SEED);
  await using node = await TestNode.create("crash");
  const rig = await CrashRig.create(node, { lanes: LANES, random });
  let [kills, calls] = [0, 0];
  while (kills < KILLS) {
    const interrupted = await rig.killWhileWorking(random.below(MAX_DELAY_MS));
    calls += interrupted;
    // A kill between two calls is no point of either.
    if (interrupted > 0) kills++;
    await node.plugin.start();
    expect(await lastingProblems(rig), `after kill ${kills}, seed ${SEED}`).toEqual([]);
    expect(await rig.finishInterrupted(), `after kill ${kills}, seed ${SEED}`).toEqual([]);
    if (kills % COLLECT_EVERY === 0) await node.store.collectGarbage();
  }
  console.log(`${kills} kills interrupted ${calls} calls: ${rig.summary()}`);
  expect(await rig.unpublishAll()).toEqual([]);
  expectNothingLeft(node);
}, 1_500_000);
