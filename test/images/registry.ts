import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request is answered with. */
interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A registry on loopback that takes images and keeps their manifests: as much of the OCI distribution specification as a
 * push needs (https://github.com/opencontainers/distribution-spec/blob/main/spec.md).
 */
export class TestRegistry implements AsyncDisposable {
  /** By `name:reference`: the manifest's digest. */
  readonly manifests = new Map<string, string>();
  readonly blobs = new Set<string>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  static async start(): Promise<TestRegistry> {
    const registry = new TestRegistry();
    registry.#server.listen(0, "127.0.0.1");
    await once(registry.#server, "listening");
    return registry;
  }

  /** `127.0.0.1:5000` */
  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `${address}:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const digest = await digestOf(request);
    const { status, headers } = this.#answer(request, digest);
    response.writeHead(status, { "content-length": 0, ...headers }).end();
  }

  #answer({ method = "", url = "" }: IncomingMessage, digest: string): Answer {
    const [path = "", query = ""] = url.split("?");
    if (method === "POST") return { status: 202, headers: { location: `${path}upload`, range: "0-0" } };
    if (method === "PATCH") return this.#keepBlob(path, digest);
    if (method === "PUT" && path.includes("/blobs/uploads/")) {
      const stored = new URLSearchParams(query).get("digest") ?? "";
      return { status: this.blobs.has(stored) ? 201 : 400, headers: { "docker-content-digest": stored } };
    }
    if (method === "PUT") return this.#keepManifest(path, digest);
    if (method === "HEAD") return { status: this.blobs.has(path.split("/").at(-1) ?? "") ? 200 : 404 };
    return { status: path === "/v2/" ? 200 : 404 };
  }

  #keepBlob(path: string, digest: string): Answer {
    this.blobs.add(digest);
    return { status: 202, headers: { location: path, range: "0-0" } };
  }

  #keepManifest(path: string, digest: string): Answer {
    const [, name = "", reference = ""] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(path) ?? [];
    this.manifests.set(`${name}:${reference}`, digest);
    return { status: 201, headers: { "docker-content-digest": digest } };
  }
}

async function digestOf(request: IncomingMessage): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of request) hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}
