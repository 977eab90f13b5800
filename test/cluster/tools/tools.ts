import { existsSync } from "node:fs";
import { NiphasError } from "@niphas/core";
import { missingOnHost } from "./host.ts";

/** What a cluster is made of; scripts/setup.sh makes it. */
export interface ClusterTools {
  /** All Kubernetes programs in one file. */
  readonly kubernetesBinary: string;
  /** Root file system of the machines. */
  readonly nodeRoot: string;
  readonly corednsBinary: string;
}

const VARIABLES = {
  kubernetesBinary: "NIPHAS_KUBERNETES",
  nodeRoot: "NIPHAS_NODE_ROOT",
  corednsBinary: "NIPHAS_COREDNS",
} as const satisfies Record<keyof ClusterTools, string>;

/** What a cluster needs and this machine lacks, in words; empty when it lacks nothing. */
export function missingForCluster(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const root = process.getuid?.() === 0 ? [] : ["root"];
  const variables = Object.values(VARIABLES).filter((name) => !existsSync(environment[name] ?? ""));
  return [...root, ...variables.map((name) => `what ${name} names`)];
}

/**
 * @param kubernetesBinary instead of the set-up's
 * @throws NiphasError InvalidConfiguration which names what is missing
 */
export function clusterTools(environment: NodeJS.ProcessEnv, kubernetesBinary?: string): ClusterTools {
  const variables = { ...environment };
  if (kubernetesBinary !== undefined) variables[VARIABLES.kubernetesBinary] = kubernetesBinary;
  const missing = missingForCluster(variables);
  if (missing.length > 0) {
    const message = `a cluster needs ${missing.join(", ")}: run scripts/setup.sh cluster as root`;
    throw new NiphasError("InvalidConfiguration", message);
  }
  const onHost = missingOnHost(environment);
  if (onHost.length > 0) throw new NiphasError("InvalidConfiguration", `a cluster needs ${onHost.join("; ")}`);
  const read = (name: string): string => variables[name] ?? "";
  return {
    kubernetesBinary: read(VARIABLES.kubernetesBinary),
    nodeRoot: read(VARIABLES.nodeRoot),
    corednsBinary: read(VARIABLES.corednsBinary),
  };
}
