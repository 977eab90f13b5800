import { readFileSync } from "node:fs";
import { NiphasError } from "@niphas/core";
import { type Dispatcher, EnvHttpProxyAgent } from "undici";
import type { Upstream } from "../ports.ts";
import { BinaryCache } from "./binary-cache.ts";
import type { CacheFiles } from "./cache-files.ts";
import { basicAuthorization } from "./http/basic-authorization.ts";
import { HttpFiles } from "./http/http-files.ts";
import { LocalFiles } from "./local-files.ts";
import { s3Authorization } from "./s3/s3-authorization.ts";
import { parseUpstreamUrl, type UpstreamUrl } from "./upstream-url.ts";

export interface UpstreamsInit {
  /** As Nix takes them, with credentials and parameters. */
  readonly urls: readonly string[];
  /** @default none */
  readonly netrcFile?: string | undefined;
  /** @default 1_500 */
  readonly connectTimeoutMs?: number;
  /** How long a NAR may stand still. @default 5_000 */
  readonly stallTimeoutMs?: number;
  /** Where S3 credentials, the certificates' file and (always the process's own) proxies are named. @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 1_500;
const DEFAULT_STALL_TIMEOUT_MS = 5_000;
/** More than all questions and NARs of one cache, so that no request waits inside the agent with its timer running. */
const MAX_CONNECTIONS = 64;
/** Below the minute after which common load balancers close idle connections. */
const KEEP_ALIVE_MS = 50_000;

/**
 * One upstream for each URL, in their order.
 * @throws NiphasError InvalidConfiguration for a URL that is none of ours, or certificates that cannot be read
 */
export function createUpstreams(init: UpstreamsInit): readonly Upstream[] {
  const urls = init.urls.map(parseUpstreamUrl);
  return urls.map((url) => new BinaryCache({ files: cacheFiles(url, init) }, { priority: url.priority }));
}

function cacheFiles(url: UpstreamUrl, init: UpstreamsInit): CacheFiles {
  if (url.kind === "file") return new LocalFiles(url);
  const environment = init.environment ?? process.env;
  const authorize =
    url.kind === "s3" ? s3Authorization(url, environment) : basicAuthorization(url.name, url.login, init.netrcFile);
  const stallTimeoutMs = init.stallTimeoutMs ?? DEFAULT_STALL_TIMEOUT_MS;
  const allowsOtherOrigins = url.kind === "http";
  const place = { base: url.base, name: url.name, allowsOtherOrigins, stallTimeoutMs };
  return new HttpFiles({ dispatcher: createDispatcher(init, environment), authorize }, place);
}

function createDispatcher(init: UpstreamsInit, environment: NonNullable<UpstreamsInit["environment"]>): Dispatcher {
  const certificates = certificatesOf(environment);
  return new EnvHttpProxyAgent({
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    connect: {
      timeout: init.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
      ...(certificates === undefined ? {} : { ca: certificates }),
    },
    // Our own timer sees silence, and does not count time in which nobody reads.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** The file that Nix would use, in place of Node.js's own authorities. */
function certificatesOf(environment: NonNullable<UpstreamsInit["environment"]>): string | undefined {
  const file = environment["NIX_SSL_CERT_FILE"] ?? environment["SSL_CERT_FILE"];
  if (file === undefined || file === "") return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new NiphasError("InvalidConfiguration", "the file of NIX_SSL_CERT_FILE or SSL_CERT_FILE cannot be read", {
      cause,
    });
  }
}
