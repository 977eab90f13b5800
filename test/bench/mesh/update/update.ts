import { join } from "node:path";
import { openStoreDatabase } from "@niphas/nix";
import type { TestClosure } from "@niphas/testing";
import { ClosureCaches } from "../../../mesh/network/index.ts";
import { median } from "../../rows.ts";
import { repeat, type Scenario } from "../../scenario.ts";
import { daemonMetric } from "../network/daemon-metric.ts";
import { fetchAtOnce } from "../network/fetch-at-once.ts";
import { meshSide } from "../network/mesh-side.ts";
import { type RolloutContext, rolloutNetwork, rolloutShape } from "../network/rollout.ts";

const NODES = 3;
const SHARED_PATHS = 190;
const OWN_PATHS = 10;

/** Of plans, one after the other at the worst, until all narinfos are known. */
const QUESTIONS = "niphas_mesh_plan_questions_sum";
/** The one that the first byte answers. */
const NAR_REQUEST = 1;

interface Update {
  readonly receivedBytes: number;
  readonly roundTrips: number;
}

interface Revisions {
  /** Holds both. */
  readonly caches: ClosureCaches;
  readonly before: TestClosure;
  readonly after: TestClosure;
  /** The NARs of the paths that only the second one has. */
  readonly missingBytes: number;
}

/** One node has the new revision, another one gets it: only what is missing may move. */
export const update: Scenario<RolloutContext> = {
  rowIds: ["update-bytes", "update-round-trips"],
  run: async (context) => {
    const { control } = context;
    const revisions = await makeRevisions(context);
    const updates: Update[] = [];
    await repeat("a new revision", control.repeats(3, 1), control, async () => {
      updates.push(await measureUpdate(context, revisions));
    });
    const { missingBytes } = revisions;
    const samples = updates.map(({ receivedBytes }) => receivedBytes);
    const roundTrips = updates.map((each) => each.roundTrips);
    return [
      { id: "update-bytes", samples, peers: { missing: missingBytes }, ratio: median(samples) / missingBytes },
      { id: "update-round-trips", samples: roundTrips, ours: Math.max(...roundTrips) },
    ];
  },
};

async function measureUpdate(context: RolloutContext, revisions: Revisions): Promise<Update> {
  const { bundleFile, control } = context;
  const { caches, before, after } = revisions;
  const { signal } = control;
  await using net = await rolloutNetwork(context, caches, { nodes: NODES, compression: "none" });
  await net.node(1).seed(caches.storeDir, signal);
  const sources = await meshSide(bundleFile).prepare({ net, caches, signal });
  const trust = { ...sources, trustedPublicKeys: [caches.publicKey], signal };
  await net.node(2).realise(before.root, trust);
  const questionsBefore = await daemonMetric(net.node(2), QUESTIONS, signal);
  const earlier = await net.node(2).traffic(signal);
  await fetchAtOnce([net.node(2)], after.root, trust);
  const receivedBytes = (await net.node(2).traffic(signal)).receivedBytes - earlier.receivedBytes;
  const questions = (await daemonMetric(net.node(2), QUESTIONS, signal)) - questionsBefore;
  if (questions === 0) throw new Error("the plan was not made: the mesh was not used");
  return { receivedBytes, roundTrips: questions + NAR_REQUEST };
}

async function makeRevisions({ control, closureMib }: RolloutContext): Promise<Revisions> {
  const ownMib = (closureMib * OWN_PATHS) / (SHARED_PATHS + OWN_PATHS);
  const shared = rolloutShape("shared", closureMib - ownMib, SHARED_PATHS);
  const caches = await ClosureCaches.create(join(control.directory, "update"), shared);
  const references = [caches.closure.root];
  const before = await caches.add({ ...rolloutShape("before", ownMib, OWN_PATHS), references });
  const after = await caches.add({ ...rolloutShape("after", ownMib, OWN_PATHS), references });
  const database = openStoreDatabase({ rootDir: caches.storeDir });
  const sizes = after.paths.map((path) => database.pathInfo(path)?.narSizeBytes ?? 0);
  database.close();
  return { caches, before, after, missingBytes: sizes.reduce((sum, size) => sum + size, 0) };
}
