import { waitUntil } from "@niphas/testing";
import { NAR } from "../../../real/neighbours/hostile-answers.ts";
import type { NeighboursRig } from "../../../real/neighbours/neighbours-rig.ts";
import type { HostileMesh } from "./hostile-mesh.ts";
import { startLoneDaemon } from "./lone-daemon.ts";

const LOOK_MS = 10;

type Blow = "SIGKILL" | "SIGSTOP";

/** What is waited for before the blow. */
const MOMENTS = {
  /** The plan has begun, and no narinfo has come. */
  planning: (rig: NeighboursRig) => rig.progress.length > 0,
  /** Bytes of a NAR have come, and not all. */
  sending: ({ node }: NeighboursRig) =>
    node.cache.requests.some(({ path, sentBytes }) => NAR.test(path) && sentBytes > 0),
} as const;

/** The daemon of the node, without members, that gets a signal before it is asked for anything. */
export async function deadMesh(rig: NeighboursRig, blow: Blow): Promise<HostileMesh> {
  const daemon = await startLoneDaemon(rig);
  const url = daemon.substituterUrl;
  daemon.signal(blow);
  return { url, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
}

/** The daemon of the node, without members, that gets a signal when it has begun to help. */
export async function dyingMesh(rig: NeighboursRig, blow: Blow, moment: keyof typeof MOMENTS): Promise<HostileMesh> {
  const daemon = await startLoneDaemon(rig);
  return {
    url: daemon.substituterUrl,
    during: async () => {
      await waitUntil(`the mesh to be ${moment}`, () => MOMENTS[moment](rig), { intervalMs: LOOK_MS });
      daemon.signal(blow);
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}
