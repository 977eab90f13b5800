import { createHash } from "node:crypto";
import { type NarInfo, NiphasError, parseNarHash, parseStorePath, STORE_DIR, type StorePath } from "@niphas/core";
import { ManualClock } from "@niphas/service";
import { testPath, testPeer } from "../../discovery/twins/test-paths.ts";
import type { PathHash, PeerId, PeerPathInfo } from "../../ports.ts";
import { MemoryUpstream } from "../../upstream/memory-upstream.test-twin.ts";
import { pathHashOf } from "../../upstream/path-hash.ts";
import { UpstreamSet } from "../../upstream/upstream-set.ts";
import { InfoFinder } from "../info-finder.ts";
import { PlannedNarInfos } from "../planned-nar-infos.ts";
import { Plans, type PlansInit } from "../plans.ts";
import type { ReadyPlan } from "../ports.ts";
import { MemoryDownloads } from "./memory-downloads.ts";

export const GOOD_SIGNATURE = "good-1:x";
export const NAR_BYTES = 1_000;

export function storePath(index: number): StorePath {
  return parseStorePath(`${STORE_DIR}/${testPath(index)}-path-${index}`);
}

/** The narinfo of path `index`; every path refers to the next ones, as a tree with `fan` branches. */
export function testInfo(index: number, count: number, fan = 3): NarInfo {
  const children = Array.from({ length: fan }, (_, child) => index * fan + child + 1).filter((child) => child < count);
  return {
    path: storePath(index),
    url: `nar/${index}.nar`,
    compression: "none",
    fileHash: undefined,
    fileSizeBytes: undefined,
    narHash: parseNarHash(`sha256:${createHash("sha256").update(String(index)).digest("hex")}`),
    narSizeBytes: NAR_BYTES,
    references: [storePath(index), ...children.map(storePath)],
    deriver: undefined,
    signatures: [GOOD_SIGNATURE],
    contentAddress: undefined,
  };
}

type Answer = readonly PeerPathInfo[] | undefined | Error | "hang";

export interface PlanRigInit extends PlansInit {
  readonly pathCount: number;
  /** @default nobody */
  readonly holders?: readonly PeerId[];
  /** Of every path; it answers what `answers` says. @default this node itself */
  readonly owner?: PeerId;
}

/** Plans of a made-up closure, whose root is path 0, with members and an upstream in memory. */
export function planRig({ pathCount, holders = [], owner, ...init }: PlanRigInit) {
  const clock = new ManualClock();
  const infos = Array.from({ length: pathCount }, (_, index) => testInfo(index, pathCount));
  const upstream = new MemoryUpstream("upstream", 40);
  for (const info of infos) upstream.infos.set(pathHashOf(info.path), info);
  const isTrusted = (info: Pick<NarInfo, "signatures">): boolean => info.signatures.includes(GOOD_SIGNATURE);
  const upstreams = new UpstreamSet({ upstreams: [upstream], isTrusted }, { nowMs: () => clock.nowMs() });
  const valid = new Map<PathHash, PeerPathInfo>();
  const answers = new Map<PeerId, Answer>(holders.map((holder) => [holder, infos]));
  const questions: PeerId[] = [];
  const store = { pathInfo: (path: PathHash) => valid.get(path) };
  const registrations = {
    follow: () => {
      let told = new Set(valid.keys());
      return () => {
        const since = [...valid.keys()].filter((path) => !told.has(path));
        told = new Set(valid.keys());
        return since;
      };
    },
  };
  const finder = new InfoFinder({
    discovery: { of: () => holders, lookUp: async () => undefined },
    queries: {
      closure: async (peer) => {
        questions.push(peer);
        const answer = answers.get(peer);
        if (answer instanceof Error) throw answer;
        return answer === "hang" ? await Promise.withResolvers<undefined>().promise : answer;
      },
    },
    upstreams,
    proven: (info) => (isTrusted(info) ? info : undefined),
    known: () => [],
    clock,
    ownerOf: () => owner,
  });
  const downloads = new MemoryDownloads();
  const ready: ReadyPlan[] = [];
  const onReady = (plan: ReadyPlan): void => void ready.push(plan);
  const nix = { isAsking: false };
  const isNixAsking = (): boolean => nix.isAsking;
  const plans = new Plans({ finder, downloads, store, registrations, clock, isNixAsking, onReady }, init);
  const narInfos = new PlannedNarInfos({ finder, plans, store, isTrusted });
  return {
    clock,
    infos,
    upstream,
    valid,
    answers,
    questions,
    ready,
    nix,
    finder,
    downloads,
    plans,
    narInfos,
    root: storePath(0),
    addValid: (...paths: readonly NarInfo[]) => {
      for (const info of paths) valid.set(pathHashOf(info.path), info);
    },
    [Symbol.dispose]: () => finder[Symbol.dispose](),
  };
}

export const HOLDER = testPeer(1);
export const OTHER_HOLDER = testPeer(2);

export function gone(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "the peer has gone");
}
