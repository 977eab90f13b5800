import type { TemporaryDirectory } from "@niphas/testing";
import type { Cluster, ClusterNode } from "../../cluster/index.ts";
import type { ClosureSource } from "../closures/closure-source.ts";
import type { CaseProgress } from "../framework/story.ts";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import type { Namespace } from "../kubernetes/namespace.ts";
import type { HelmRelease } from "./helm-release.ts";
import type { NodeImages } from "./images.ts";
import type { UpstreamCache } from "./upstream-cache.ts";

/** What all cases share. */
export interface World {
  readonly cluster: Cluster;
  readonly closures: ClosureSource;
  readonly cache: UpstreamCache;
  readonly release: HelmRelease;
  readonly images: NodeImages;
  /** For files of this run. */
  readonly directory: TemporaryDirectory;
  /** A process outside of the cluster's network. */
  readonly outerPid: number;
}

/** What one case works with. */
export interface CaseContext extends World {
  /** Of this case alone; emptied and removed after it. */
  readonly namespace: Namespace;
  readonly kubectl: Kubectl;
  readonly progress: CaseProgress;
  /** Aborted when the case has to end. */
  readonly signal: AbortSignal;
}

/** The n-th node, from 1. */
export function nodeOf({ cluster }: Pick<World, "cluster">, number: number): ClusterNode {
  const node = cluster.nodes[number - 1];
  if (node === undefined) throw new Error(`the cluster has ${cluster.nodes.length} nodes, but this needs ${number}`);
  return node;
}
