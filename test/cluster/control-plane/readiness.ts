import { setTimeout as sleep } from "node:timers/promises";
import { NiphasError } from "@niphas/core";
import type { ApiClient } from "./api-client.ts";

export interface WaitInit {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Throws when waiting has become pointless. */
  readonly check?: () => void;
}

const POLL_MS = 100;

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

interface Deployment {
  readonly status?: { readonly availableReplicas?: number };
}

/**
 * Asks until the answer is true.
 * @param what completes "waited in vain for"; a function is called when it is too late, to say what is known by then
 * @throws NiphasError CommandFailed naming `what`
 */
export async function waitFor(
  what: string | (() => string | Promise<string>),
  ask: () => Promise<boolean>,
  init: WaitInit,
): Promise<void> {
  const deadlineMs = Date.now() + init.timeoutMs;
  while (!(await ask())) {
    init.signal?.throwIfAborted();
    init.check?.();
    if (Date.now() > deadlineMs) {
      const known = typeof what === "string" ? what : await what();
      throw new NiphasError("CommandFailed", `waited in vain for ${known}`);
    }
    await sleep(POLL_MS);
  }
}

export async function isApiServerReady(api: ApiClient, signal?: AbortSignal): Promise<boolean> {
  return (await api.get("/readyz", signal)) !== undefined;
}

/** Pods can be made in the namespace `default` only after the controller manager has made this. */
export async function hasDefaultServiceAccount(api: ApiClient, signal?: AbortSignal): Promise<boolean> {
  return (await api.get("/api/v1/namespaces/default/serviceaccounts/default", signal)) !== undefined;
}

/** The names of the nodes whose condition Ready is true. */
export async function readyNodes(api: ApiClient, signal?: AbortSignal): Promise<readonly string[]> {
  const body = await api.get("/api/v1/nodes", signal);
  if (body === undefined) return [];
  const list: NodeList = JSON.parse(body);
  const isReady = (node: NodeList["items"][number]): boolean =>
    node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  return list.items.filter(isReady).map((node) => node.metadata.name);
}

export async function isDnsAvailable(api: ApiClient, signal?: AbortSignal): Promise<boolean> {
  const body = await api.get("/apis/apps/v1/namespaces/kube-system/deployments/coredns", signal);
  if (body === undefined) return false;
  const deployment: Deployment = JSON.parse(body);
  return (deployment.status?.availableReplicas ?? 0) > 0;
}
