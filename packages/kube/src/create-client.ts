import { HttpKubeClient, type HttpKubeClientInit } from "./client/http-kube-client.ts";
import { KubeConfigCredentials, type KubeConfigInit } from "./credentials/kube-config.ts";
import { HttpTransport } from "./http/transport.ts";
import type { KubeClient } from "./ports.ts";

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
export function createKubeClient(config: KubeConfigInit = {}, init: HttpKubeClientInit = {}): OwnedKubeClient {
  const credentials = new KubeConfigCredentials(config);
  const transport = new HttpTransport({ credentials });
  return {
    client: new HttpKubeClient({ transport, credentials }, init),
    server: credentials.server.host,
    [Symbol.dispose]: () => transport.close(),
  };
}
