import { isNiphasError, type NiphasError, type StorePath, toNiphasError } from "@niphas/core";
import type { MeshLoss, NeighbourProgress, NeighboursPlan, RealiseProgress } from "../ports.ts";
import { MeshWatch } from "./mesh-watch.ts";
import { type RealiseOptions, realiseOnce } from "./realise-once.ts";
import { realiseWithFailover } from "./realise-with-failover.ts";
import type { RealiserComponents } from "./realiser.ts";

export interface NeighbourOptions extends Pick<RealiseOptions, "signal" | "onProgress"> {
  /** It goes on without the mesh, for this reason. */
  readonly onLost: (reason: NiphasError, loss: MeshLoss) => void;
}

/** Nix loses nothing that is valid when it is killed, and whoever waits has waited long enough. */
const KILL_GRACE_MS = 200;
/** Failures of this node that are the same without the mesh. */
const OWN_FAILURES: readonly string[] = ["DiskFull", "InodesExhausted", "StoreUnavailable"];

/**
 * Realises with the mesh as the first substituter. When the mesh is lost, or Nix fails with it, Nix is killed with its
 * whole group and started again as if there were no mesh.
 * @throws NiphasError as {@link realiseWithFailover}
 */
export async function realiseWithNeighbours(
  components: Pick<RealiserComponents, "nix" | "neighbours">,
  roots: readonly StorePath[],
  options: NeighbourOptions,
): Promise<void> {
  const { nix, neighbours } = components;
  const { signal, onProgress, onLost } = options;
  const onPlanned = (mesh: NeighbourProgress): void => onProgress(whilePlanning(mesh));
  const onUnused = (reason: NiphasError): void => onLost(reason, "unready");
  const plan = await neighbours?.open(roots, { signal, onProgress: onPlanned, onUnused });
  if (plan !== undefined && (await isRealised(components, roots, options, plan))) return;
  await realiseWithFailover(nix, roots, { signal, onProgress });
}

/** False: it is to be done without the mesh. */
async function isRealised(
  { nix }: Pick<RealiserComponents, "nix">,
  roots: readonly StorePath[],
  { signal, onProgress, onLost }: NeighbourOptions,
  plan: NeighboursPlan,
): Promise<boolean> {
  using watch = new MeshWatch(plan);
  try {
    await realiseOnce(nix, roots, {
      substituters: [plan.substituter, ...nix.settings.substituters],
      signal: AbortSignal.any([signal, watch.lost]),
      onProgress: (progress) => onProgress({ ...progress, mesh: plan.progress }),
      onEvent: (event) => watch.apply(event),
      killGraceMs: KILL_GRACE_MS,
    });
    return true;
  } catch (error) {
    if (signal.aborted || isOwnFailure(error)) throw error;
    if (watch.lost.aborted) onLost(toNiphasError(watch.lost.reason), "lost");
    else onLost(toNiphasError(error), "failed");
    return false;
  } finally {
    plan.close();
  }
}

function isOwnFailure(error: unknown): boolean {
  return isNiphasError(error) && OWN_FAILURES.includes(error.code);
}

function whilePlanning(mesh: NeighbourProgress): RealiseProgress {
  const { donePaths, totalPaths, doneBytes, totalBytes } = mesh;
  const phase = totalBytes > 0 ? "fetching" : "querying";
  return { phase, donePaths, totalPaths, doneBytes, totalBytes, sources: [], mesh };
}
