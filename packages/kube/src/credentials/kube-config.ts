import { existsSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { NiphasError } from "@niphas/core";
import type { Credentials } from "../ports.ts";

const TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token";

export interface KubeConfigInit {
  /** A kubeconfig file, of which the current context counts. @default the pod's own service account */
  readonly file?: string | undefined;
}

/**
 * Credentials as kubectl understands them: certificates, tokens, token files, exec plugins, proxies. Certificate files
 * are read for each request, token files once a minute as the kubelet's rotation asks for, and all of it anew after
 * {@link invalidate}.
 */
export class KubeConfigCredentials implements Credentials {
  readonly server: URL;
  readonly #init: KubeConfigInit;
  #config: KubeConfig | undefined;

  /** @throws NiphasError InvalidConfiguration when there are no usable credentials */
  constructor(init: KubeConfigInit = {}) {
    this.#init = init;
    this.#config = load(init);
    this.server = serverOf(this.#config);
  }

  async requestOptions(): Promise<RequestOptions> {
    this.#config ??= load(this.#init);
    const options: RequestOptions = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (cause) {
      throw new NiphasError("ApiDenied", "the credentials for the API server cannot be read", { cause });
    }
    const { agent, ...rest } = options;
    const needsProxy = this.#config.getCurrentCluster()?.proxyUrl !== undefined;
    return needsProxy && agent !== undefined ? { ...rest, agent } : rest;
  }

  invalidate(): void {
    this.#config = undefined;
  }
}

function load({ file }: KubeConfigInit): KubeConfig {
  const config = new KubeConfig();
  if (file === undefined && !existsSync(TOKEN_FILE)) {
    const message = "there is no service account here: run it in a pod, or give --kubeconfig";
    throw new NiphasError("InvalidConfiguration", message);
  }
  try {
    if (file === undefined) config.loadFromCluster();
    else config.loadFromFile(file);
  } catch (cause) {
    throw new NiphasError("InvalidConfiguration", `${file ?? TOKEN_FILE}: cannot be read as a kubeconfig`, { cause });
  }
  return config;
}

function serverOf(config: KubeConfig): URL {
  const server = config.getCurrentCluster()?.server ?? "";
  if (URL.canParse(server)) return new URL(server);
  throw new NiphasError("InvalidConfiguration", "the kubeconfig's current context names no cluster with a server");
}
