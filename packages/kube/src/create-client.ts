import { HttpKubeClient, type HttpKubeClientInit } from "./client/http-kube-client.ts";
import { ServiceAccountCredentials, type ServiceAccountInit } from "./credentials/service-account.ts";
import { HttpTransport } from "./http/transport.ts";
import type { Credentials, KubeClient } from "./ports.ts";

export interface KubeClientConfig {
  /** A kubeconfig file, of which the current context counts. @default the pod's own service account */
  readonly file?: string | undefined;
  readonly serviceAccount?: ServiceAccountInit;
}

/** A client and what must be closed with it. */
export interface OwnedKubeClient extends Disposable {
  readonly client: KubeClient;
  /** Host and port of the API server. */
  readonly server: string;
}

/**
 * A client with the credentials of a kubeconfig file, or of the pod that this runs in. Nothing is sent yet.
 * @throws NiphasError InvalidConfiguration when there are no usable credentials
 */
export async function createKubeClient(
  config: KubeClientConfig = {},
  init: HttpKubeClientInit = {},
): Promise<OwnedKubeClient> {
  const credentials = await loadCredentials(config);
  const transport = new HttpTransport({ credentials });
  return {
    client: new HttpKubeClient({ transport, credentials }, init),
    server: credentials.server.host,
    [Symbol.dispose]: () => transport.close(),
  };
}

async function loadCredentials({ file, serviceAccount }: KubeClientConfig): Promise<Credentials> {
  if (file === undefined) return new ServiceAccountCredentials(serviceAccount);
  // Loaded only here: the library behind it takes 15 MiB of memory (80 when it is not bundled), and no pod needs it.
  const { KubeConfigCredentials } = await import("./credentials/kube-config.ts");
  return new KubeConfigCredentials(file);
}
