import { setTimeout as sleep } from "node:timers/promises";
import { needs, SeededRandom, TestNode } from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { expectNothingLeft, MACHINE } from "../scenarios/support.ts";
import { CrashRig } from "./crash-rig.ts";

beforeEach((context) => needs(context, ...MACHINE));

const POINTS = Number(process.env["NIPHAS_TEST_POINTS"] ?? 200);
const LANES = 2;
const MAX_DELAY_MS = 250;
const COLLECT_EVERY = 3;
const SETTLE_MS = 15_000;
const SEED = Number(process.env["NIPHAS_TEST_SEED"] ?? Date.now() % 100_000);

/** What a start finds half made it deletes in the background, one thing after the other; only what stays is a fault. */
async function lastingProblems(rig: CrashRig): Promise<readonly string[]> {
  const endMs = performance.now() + SETTLE_MS;
  while (rig.problems().length > 0 && performance.now() < endMs) await sleep(50);
  return rig.problems();
}

it(`K13 K14: SIGKILL at ${POINTS} random points of publish and unpublish`, async () => {
  console.log(`seed ${SEED} (NIPHAS_TEST_SEED)`);
  const random = new SeededRandom(SEED);
  await using node = await TestNode.create("crash");
  const rig = await CrashRig.create(node, { lanes: LANES, random });
  let [points, kills] = [0, 0];
  for (; points < POINTS; kills++) {
    points += await rig.killWhileWorking(random.below(MAX_DELAY_MS));
    await node.plugin.start();
    expect(await lastingProblems(rig), `after kill ${kills}, seed ${SEED}`).toEqual([]);
    expect(await rig.finishInterrupted(), `after kill ${kills}, seed ${SEED}`).toEqual([]);
    if (kills % COLLECT_EVERY === 0) await node.store.collectGarbage();
  }
  console.log(`${kills} kills interrupted ${points} calls: ${rig.summary()}`);
  expect(await rig.unpublishAll()).toEqual([]);
  expectNothingLeft(node);
}, 400_000);
