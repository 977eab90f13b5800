import { existsSync, readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import { NiphasError } from "@niphas/core";
import type { Credentials } from "../ports.ts";

export interface ServiceAccountInit {
  /** Where the kubelet puts `token` and `ca.crt`. @default /var/run/secrets/kubernetes.io/serviceaccount */
  readonly directory?: string;
  /** Says where the API server is. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";
/** The kubelet renews the token long before it expires; client-go, too, reads it this often. */
const READ_AGAIN_AFTER_MS = 60_000;

/**
 * The credentials that Kubernetes gives each pod.
 * https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/#directly-accessing-the-rest-api
 */
export class ServiceAccountCredentials implements Credentials {
  readonly server: URL;
  readonly #directory: string;
  #options: RequestOptions = {};
  /** In monotonic milliseconds. */
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** @throws NiphasError InvalidConfiguration when this is no pod, or one without a service account */
  constructor(init: ServiceAccountInit = {}) {
    const { directory = DIRECTORY, env = process.env } = init;
    const host = env["KUBERNETES_SERVICE_HOST"] ?? "";
    const server = `https://${isIPv6(host) ? `[${host}]` : host}:${env["KUBERNETES_SERVICE_PORT"] ?? ""}`;
    if (host === "" || !URL.canParse(server) || !existsSync(join(directory, "token"))) {
      const message = "there is no service account here: run it in a pod, or give --kubeconfig";
      throw new NiphasError("InvalidConfiguration", message);
    }
    this.server = new URL(server);
    this.#directory = directory;
  }

  async requestOptions(): Promise<RequestOptions> {
    if (performance.now() - this.#readAtMs >= READ_AGAIN_AFTER_MS) {
      this.#options = this.#read();
      this.#readAtMs = performance.now();
    }
    return this.#options;
  }

  invalidate(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  #read(): RequestOptions {
    try {
      const token = readFileSync(join(this.#directory, "token"), "utf8").trim();
      return { ca: readFileSync(join(this.#directory, "ca.crt")), headers: { Authorization: `Bearer ${token}` } };
    } catch (cause) {
      const message = `the service account's files in ${this.#directory} cannot be read`;
      throw new NiphasError("ApiDenied", message, { cause });
    }
  }
}
