import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { freePort } from "@niphas/testing";
import { cacheFiles, endlessNar, narInfos } from "../../../real/neighbours/hostile-answers.ts";
import type { NeighboursRig } from "../../../real/neighbours/neighbours-rig.ts";
import { endless, type MeshScript, readyPlan, scriptedMesh } from "../../../real/neighbours/scripted-mesh.ts";
import { deadMesh, dyingMesh } from "./dying-mesh.ts";
import { evilMembers } from "./evil-members.ts";
import type { HostileMesh } from "./hostile-mesh.ts";
import { setPace } from "./pace.ts";

type StartMesh = (rig: NeighboursRig) => Promise<HostileMesh>;

/** Every way to be of no use, by name. */
export const HOSTILE_CASES: ReadonlyMap<string, StartMesh> = new Map<string, StartMesh>([
  ["absent", absentMesh],
  ["frozen before", (rig) => deadMesh(rig, "SIGSTOP")],
  ["frozen planning", frozenPlanning],
  ["frozen sending", (rig) => dyingMesh(rig, "SIGSTOP", "sending")],
  ["killed sending", (rig) => dyingMesh(rig, "SIGKILL", "sending")],
  ["no NAR", (rig) => withNars(rig, () => undefined)],
  ["half a NAR", (rig) => withNars(rig, (response, nar) => void response.write(nar.subarray(0, nar.length / 2)))],
  ["garbage for plans", () => scripted({ plan: (response) => endless(response) })],
  [
    "garbage for narinfos",
    () => scripted({ plan: (response) => readyPlan(response), file: narInfos((response) => endless(response)) }),
  ],
  ["garbage for NARs", (rig) => withNars(rig, (response) => endless(response))],
  ["endless NARs", (rig) => withNars(rig, endlessNar)],
  ["members that never answer", (rig) => evilMembers(rig, "silent")],
  ["members that trickle", (rig) => evilMembers(rig, "trickling")],
  ["members with wrong bytes", (rig) => evilMembers(rig, "flipped")],
  ["members without an end", (rig) => evilMembers(rig, "endless")],
]);

async function absentMesh(): Promise<HostileMesh> {
  return { url: `http://127.0.0.1:${await freePort()}`, [Symbol.asyncDispose]: async () => undefined };
}

/** Nothing answers the daemon's questions, so that it is still at its plan. */
async function frozenPlanning(rig: NeighboursRig): Promise<HostileMesh> {
  const mesh = await dyingMesh(rig, "SIGSTOP", "planning");
  rig.node.cache.setFaults({ path: /narinfo$/, hang: true });
  return {
    ...mesh,
    during: async () => {
      await mesh.during?.();
      setPace(rig.node.cache);
    },
  };
}

/** Tells all that the cache tells of paths, and then sends this for their NARs. */
function withNars(rig: NeighboursRig, send: (response: ServerResponse, nar: Buffer) => void): Promise<HostileMesh> {
  const { cacheDir } = rig.node;
  const file = cacheFiles(cacheDir, (path, response) => send(response, readFileSync(`${cacheDir}${path}`)));
  return scripted({ plan: (response) => readyPlan(response), file });
}

async function scripted(script: MeshScript): Promise<HostileMesh> {
  return await scriptedMesh(script);
}
