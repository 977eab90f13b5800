/**
 * `measure-cases.ts`: prints as JSON how many milliseconds the node plugin takes to have a closure, by the Nix on PATH, for
 * each case; `plain` is without a mesh.
 */
import { type NeighboursRig, neighboursRig } from "../../../real/neighbours/neighbours-rig.ts";
import { timeMs } from "../../scenario.ts";
import { HOSTILE_CASES } from "./cases.ts";
import type { HostileMesh } from "./hostile-mesh.ts";
import { setPace } from "./pace.ts";

/** NARs of 200 kB. */
const SHAPE = { pathCount: 12, fileCount: 60, fileSizeBytes: 40_000 };

async function measure(start: (rig: NeighboursRig) => Promise<HostileMesh | undefined>): Promise<number> {
  await using rig = await neighboursRig(SHAPE);
  setPace(rig.node.cache);
  await using mesh = await start(rig);
  const happened = mesh?.during?.();
  const durationMs = await timeMs(() => rig.realiseAsPlugin(mesh?.url));
  await happened;
  if (rig.pathCount() !== SHAPE.pathCount) throw new Error(`${rig.pathCount()} paths of ${SHAPE.pathCount} have come`);
  if (happened !== undefined && rig.lost.length === 0) throw new Error("the mesh was of use after all");
  return durationMs;
}

const times: Record<string, number> = { plain: await measure(async () => undefined) };
for (const [name, start] of HOSTILE_CASES) times[name] = await measure(start);
process.stdout.write(JSON.stringify(times));
