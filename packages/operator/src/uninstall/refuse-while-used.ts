import { setTimeout as sleep } from "node:timers/promises";
import { NiphasError } from "@niphas/core";
import type { DaemonSet, KubeClient } from "@niphas/kube";
import { FORCE_ANNOTATION, type UninstallOptions } from "./options.ts";
import { poll } from "./poll.ts";
import { recordRefusal } from "./refusal-event.ts";
import { describeUsers, findVolumeUsers, type VolumeUser } from "./volume-users.ts";

export interface RefusalComponents {
  readonly client: KubeClient;
  readonly report: (line: string) => void;
}

export interface RefusalInit {
  readonly options: UninstallOptions;
  readonly daemonSet: DaemonSet;
  readonly intervalMs: number;
}

/**
 * Lists the pods that use volumes of the driver, and refuses if there are any, unless an annotation forces it.
 * @throws NiphasError VolumesInUse; ApiUnavailable when it is not known whether there are any
 */
export async function refuseWhileUsed(
  components: RefusalComponents,
  init: RefusalInit,
  signal: AbortSignal,
): Promise<void> {
  const { client, report } = components;
  const { options, daemonSet } = init;
  const isForced = daemonSet.metadata.annotations?.[FORCE_ANNOTATION] === "true";
  const users = isForced
    ? await findVolumeUsers(client, options.driverName, signal)
    : await usersThatStay(components, init, signal);
  if (users.length === 0) return;
  const lines = describeUsers(users);
  for (const line of lines) report(line);
  const summary = summaryOf(users, options);
  if (isForced) {
    report(`${summary}; forced by the annotation ${FORCE_ANNOTATION}: they lose their stores`);
    return;
  }
  await recordRefusal(client, daemonSet, `${summary}: ${lines.join("; ")}`, signal).catch((error: unknown) => {
    report(`the refusal could not be noted as an event: ${error instanceof Error ? error.message : ""}`);
  });
  throw new NiphasError("VolumesInUse", `${summary}: delete them first, or force it with ${forceCommand(options)}`);
}

/** Pods that are being deleted are waited for, as long as no others are in the way. */
async function usersThatStay(
  { client }: RefusalComponents,
  { options, intervalMs }: RefusalInit,
  signal: AbortSignal,
): Promise<readonly VolumeUser[]> {
  // The other half of the time is for cleaning.
  const end = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs / 2)]);
  const look = async (): Promise<readonly VolumeUser[]> =>
    poll(async () => findVolumeUsers(client, options.driverName, signal), { intervalMs, signal: end });
  let users: readonly VolumeUser[] | undefined;
  try {
    users = await look();
    while (users.length > 0 && users.every(({ isTerminating }) => isTerminating)) {
      await sleep(intervalMs, undefined, { signal: end });
      users = await look();
    }
    return users;
  } catch (cause) {
    if (signal.aborted || !end.aborted) throw cause;
    if (users !== undefined) return users;
    // No answer does not mean that no pod is in the way.
    const message = `the API server does not say which pods use volumes of ${options.driverName}: nothing was changed`;
    throw new NiphasError("ApiUnavailable", message, { cause });
  }
}

function summaryOf(users: readonly VolumeUser[], { driverName }: UninstallOptions): string {
  return users.length === 1
    ? `1 pod still uses volumes of ${driverName}`
    : `${users.length} pods still use volumes of ${driverName}`;
}

function forceCommand({ namespace, daemonSetName }: UninstallOptions): string {
  return `kubectl --namespace ${namespace} annotate daemonset ${daemonSetName} ${FORCE_ANNOTATION}=true`;
}
