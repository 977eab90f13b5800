import { createKubeClient } from "@niphas/kube";
import type { MembershipLog } from "../ports.ts";
import { KubernetesMembership, type KubernetesMembershipInit } from "./kubernetes-membership.ts";

/**
 * A membership with a client of its own, which ends with it. Nothing is sent before it is started.
 * @throws NiphasError InvalidConfiguration when there are no usable credentials
 */
export async function connectToCluster(
  components: { readonly log: MembershipLog },
  init: KubernetesMembershipInit & { readonly kubeconfigFile?: string | undefined },
): Promise<KubernetesMembership> {
  const connection = await createKubeClient({ file: init.kubeconfigFile });
  return new KubernetesMembership({ ...components, client: connection.client, connection }, init);
}
