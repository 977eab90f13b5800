import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { NiphasError } from "@niphas/core";
import type { Credentials } from "../ports.ts";

/**
 * The credentials of a kubeconfig's current context, as kubectl understands them: certificates, tokens, token files,
 * exec plugins, proxies. Certificate files are read for each request, token files once a minute, and all of it anew
 * after {@link invalidate}.
 */
export class KubeConfigCredentials implements Credentials {
  readonly server: URL;
  readonly #file: string;
  #config: KubeConfig | undefined;

  /** @throws NiphasError InvalidConfiguration when there are no usable credentials */
  constructor(file: string) {
    this.#file = file;
    this.#config = load(file);
    this.server = serverOf(this.#config);
  }

  async requestOptions(): Promise<RequestOptions> {
    this.#config ??= load(this.#file);
    const options: RequestOptions = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (error) {
      const message = `the credentials in ${this.#file} cannot be used`;
      throw new NiphasError("ApiDenied", message, { cause: withoutQuotes(error) });
    }
    const { agent, ...rest } = options;
    const needsProxy = this.#config.getCurrentCluster()?.proxyUrl !== undefined;
    return needsProxy && agent !== undefined ? { ...rest, agent } : rest;
  }

  invalidate(): void {
    this.#config = undefined;
  }
}

function load(file: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (error) {
    const message = `${file}: cannot be read as a kubeconfig`;
    throw new NiphasError("InvalidConfiguration", message, { cause: withoutQuotes(error) });
  }
  return config;
}

/** What parsers say quotes the text that they stumbled over; here that is keys and tokens, and causes are logged. */
function withoutQuotes(error: unknown): unknown {
  const isParsers = error instanceof Error && ["SyntaxError", "YAMLException"].includes(error.name);
  return isParsers ? undefined : error;
}

function serverOf(config: KubeConfig): URL {
  const server = config.getCurrentCluster()?.server ?? "";
  if (URL.canParse(server)) return new URL(server);
  throw new NiphasError("InvalidConfiguration", "the kubeconfig's current context names no cluster with a server");
}
