import { type DaemonSet, EVENTS, type KubeClient } from "@niphas/kube";

/** The API server's own bound. https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
const MAX_MESSAGE_LENGTH = 1024;

/** Notes on the DaemonSet why it was not uninstalled, where `kubectl describe` shows it. */
export async function recordRefusal(
  client: KubeClient,
  daemonSet: DaemonSet,
  message: string,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace = "", uid } = daemonSet.metadata;
  const now = new Date();
  await client.create(
    EVENTS,
    {
      metadata: { name: `${name}.uninstall-refused-${now.getTime().toString(16)}`, namespace },
      involvedObject: { apiVersion: "apps/v1", kind: "DaemonSet", name, namespace, uid },
      type: "Warning",
      reason: "UninstallRefused",
      message: message.slice(0, MAX_MESSAGE_LENGTH),
      source: { component: "niphas-uninstall" },
      reportingComponent: "niphas-uninstall",
      firstTimestamp: now.toISOString(),
      lastTimestamp: now.toISOString(),
      count: 1,
    },
    signal,
  );
}
