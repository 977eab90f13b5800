import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type StorePath, storePathName } from "@niphas/core";
import { type Closure, programName } from "../closures/closure-source.ts";
import { example, type PodInit, podManifest } from "../kubernetes/manifests.ts";
import type { Pod } from "../kubernetes/objects.ts";
import { busyboxIn, faultsInside } from "../oracles/inside.ts";
import type { CaseContext } from "../world/context.ts";

const POLL_MS = 300;
const ANSWER_TIMEOUT_MS = 20_000;

/** Creates an example's objects with the closures of this run. */
export async function applyExample({ namespace, closures }: CaseContext, name: string): Promise<void> {
  const { web, site, hello, worker } = closures;
  const roots = { web: web.root, site: site.root, hello: hello.root, worker: worker.root };
  await namespace.apply(example(name, roots));
}

/** A container and what it must see. */
export interface Inside {
  readonly pod: string;
  readonly container: string;
  readonly closures: readonly Closure[];
  readonly mountPath?: string;
  readonly extras?: readonly string[];
  /** @default the closures' own */
  readonly busybox?: string;
}

/** Fails unless each container sees exactly its closure, sealed. */
export async function assertInside(context: CaseContext, ...containers: readonly Inside[]): Promise<void> {
  const { namespace, closures } = context;
  for (const container of containers) {
    const faults = await faultsInside({ namespace, busybox: busyboxIn(closures.busybox), ...container });
    assert.deepEqual(faults, []);
  }
}

/** What a command of the closures' busybox prints in a pod's first container, errors included. */
export async function answerInside(
  { namespace, closures }: CaseContext,
  pod: string,
  command: readonly string[],
): Promise<string> {
  const { stdout, stderr } = await namespace.exec(pod, [busyboxIn(closures.busybox), ...command]);
  return `${stdout}${stderr}`.trim();
}

/** Fails unless the example web server answers from its closure, asked over the network. */
export async function assertServes({ closures, signal }: CaseContext, pod: Pick<Pod, "podIp" | "name">): Promise<void> {
  const response = await answerOf(`http://${pod.podIp}:8080/`, signal);
  assert.equal(response.status, 200, pod.name);
  assert.equal(response.headers.get("x-served-from"), closures.web.root, pod.name);
}

/** The first answer; refused connections are tried again for a while. */
export async function answerOf(url: string, signal: AbortSignal): Promise<Response> {
  const deadline = Date.now() + ANSWER_TIMEOUT_MS;
  for (;;) {
    try {
      return await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]) });
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`no answer from ${url}`, { cause: error });
      await sleep(POLL_MS, undefined, { signal });
    }
  }
}

/** The usual end of an example: one pod `web` is ready, answers, and sees exactly the web server's closure. */
export async function assertWebPod(context: CaseContext, inside: Partial<Inside> = {}): Promise<void> {
  const { namespace, closures, progress } = context;
  await progress.step("the pod is ready", () => namespace.ready("web"));
  await assertServes(context, await namespace.pod("web"));
  await assertInside(context, { pod: "web", container: "web", closures: [closures.web], ...inside });
}

/** A pod that runs a closure's program until it is deleted. */
export function workerPod(name: string, root: StorePath, nodeName?: string): string {
  return podManifest({ name, ...workerOf(root), ...(nodeName === undefined ? {} : { nodeName }) });
}

/** The part of a pod that runs a closure's program. */
export function workerOf(root: StorePath): Pick<PodInit, "command" | "attributes"> {
  return { command: [`${root}/bin/${programName(storePathName(root))}`], attributes: { storePath: root } };
}
