import { type KubeClient, LEASES } from "@niphas/kube";
import { isNotFound } from "./uninstall-plan.ts";

/** As `packages/mesh` labels them; docs/interfaces.md. */
const SELECTOR = "app.kubernetes.io/name=niphas,app.kubernetes.io/component=mesh";

/**
 * Deletes what the mesh's daemons have registered: their Leases have no end and are owned by Nodes, which stay. To be
 * called when the daemons have ended, since each writes its Lease again.
 * @returns how many there were
 */
export async function removeMeshLeases(client: KubeClient, namespace: string, signal: AbortSignal): Promise<number> {
  const { items } = await client.list(LEASES, { namespace, labelSelector: SELECTOR }, signal);
  for (const { metadata } of items) await remove(client, { namespace, name: metadata.name }, signal);
  return items.length;
}

async function remove(
  client: KubeClient,
  lease: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.delete(LEASES, lease, {}, signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
