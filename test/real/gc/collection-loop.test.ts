import { setTimeout as sleep } from "node:timers/promises";
import {
  mountsAt,
  needs,
  type PodVolume,
  type RpcOutcome,
  SeededRandom,
  type TestClosure,
  TestNode,
} from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { expectNothingLeft, MACHINE } from "../scenarios/support.ts";

beforeEach((context) => needs(context, ...MACHINE));

const CYCLES = 1000;
const LANES = 8;
const CLOSURES = 6;
const CHECK_EVERY = 20;
const BREAK_MS = 100;
const MAX_ATTEMPTS = 20;
const SEED = Number(process.env["NIPHAS_TEST_SEED"] ?? 4711);

/**
 * Each lane publishes, checks, and unpublishes, again and again, while foreign collectors run one after the other. Since
 * they take what is unpublished at the moment, most publishes are cold when a collector was faster, and warm when not.
 */
class Lane {
  readonly #node: TestNode;
  readonly #closures: readonly TestClosure[];
  readonly #random: SeededRandom;
  readonly problems: string[] = [];
  publishes = 0;
  retries = 0;

  constructor(node: TestNode, closures: readonly TestClosure[], seed: number) {
    this.#node = node;
    this.#closures = closures;
    this.#random = new SeededRandom(seed);
  }

  async run(cycles: number): Promise<void> {
    for (let cycle = 0; cycle < cycles; cycle++) await this.#cycle(cycle % CHECK_EVERY === 0);
  }

  async #cycle(isThorough: boolean): Promise<void> {
    const closure = this.#closures[this.#random.below(this.#closures.length)];
    if (closure === undefined) throw new Error("no closure");
    const volume = this.#node.volume();
    const outcome = await this.#publish(volume, closure);
    if (outcome.code !== "OK") {
      this.problems.push(`${outcome.code}: ${outcome.message}`);
      return;
    }
    this.publishes++;
    if (mountsAt(volume.targetPath).length !== 1) this.problems.push(`not mounted once: ${volume.targetPath}`);
    if (isThorough) this.problems.push(...(await this.#node.problemsOf(volume, closure)));
    else this.problems.push(...this.#node.unreadablePathsOf(volume, closure));
    const gone = await this.#node.unpublish(volume);
    if (gone.code !== "OK") this.problems.push(`unpublish ${gone.code}: ${gone.message}`);
  }

  /** As the kubelet: UNAVAILABLE is tried again. Collectors that win three times in a row are a reason for it. */
  async #publish(volume: PodVolume, closure: TestClosure): Promise<RpcOutcome> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#node.publish(volume, closure.root);
      if (outcome.code !== "UNAVAILABLE" || attempt === MAX_ATTEMPTS) return outcome;
      this.retries++;
    }
  }
}

/** With breaks, so that some publishes find what the one before has fetched. */
async function collectUntil(node: TestNode, isOver: () => boolean): Promise<number> {
  let rounds = 0;
  for (; !isOver(); rounds++) {
    await node.store.collectGarbage();
    await sleep(BREAK_MS);
  }
  return rounds;
}

it(`N03: ${CYCLES} publishes and unpublishes lose no path to collectors that run all the while`, async () => {
  console.log(`seed ${SEED}`);
  await using node = await TestNode.create("n03");
  const closures: TestClosure[] = [];
  for (let index = 0; index < CLOSURES; index++) {
    closures.push(await node.addUpstream({ name: `n03-${index}`, pathCount: 3, fileCount: 6 }));
  }
  const held = node.volume();
  const [heldClosure] = closures;
  if (heldClosure === undefined) throw new Error("no closure");
  await node.publish(held, heldClosure.root);
  const lanes = Array.from({ length: LANES }, (_, index) => new Lane(node, closures, SEED + index));
  let isOver = false;
  const collections = collectUntil(node, () => isOver);
  // It is waited for when the lanes are ready; until then a failure must not count as one that nobody looks at.
  collections.catch(() => undefined);
  try {
    await Promise.all(lanes.map(async (lane) => lane.run(CYCLES / LANES)));
  } finally {
    isOver = true;
  }
  const retries = lanes.reduce((sum, lane) => sum + lane.retries, 0);
  console.log(`${await collections} collections, ${node.cache.narRequestCount} downloads, ${retries} retries`);
  expect(lanes.flatMap((lane) => lane.problems)).toEqual([]);
  expect(lanes.reduce((sum, lane) => sum + lane.publishes, 0)).toBe(CYCLES);
  expect(await node.problemsOf(held, heldClosure)).toEqual([]);
  expect(await node.unpublish(held)).toMatchObject({ code: "OK" });
  expectNothingLeft(node);
  await node.store.collectGarbage();
  const all = closures.flatMap((closure) => closure.paths);
  expect([...(await node.store.invalidPaths(all))].sort()).toEqual([...all].sort());
}, 1_500_000);
