import { isAbsolute } from "node:path";
import { NiphasError } from "@niphas/core";
import type { Login } from "./http/basic-authorization.ts";
import { awsEncode } from "./s3/signature-v4.ts";

interface Common {
  /** Where it is, without credentials and parameters. */
  readonly name: string;
  /** The URL's own, which takes the place of what the cache says. */
  readonly priority: number | undefined;
}

/** A substituter URL as Nix takes it, for the kinds that we speak. */
export type UpstreamUrl =
  | (Common & { readonly kind: "http"; readonly base: URL; readonly login: Login | undefined })
  | (Common & { readonly kind: "file"; readonly directory: string })
  | (Common & {
      readonly kind: "s3";
      readonly base: URL;
      readonly region: string;
      readonly profile: string | undefined;
    });

const DEFAULT_REGION = "us-east-1";
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,62}$/i;
const ENDPOINT = /^(?:(https?):\/\/)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?\/?$/i;

/**
 * Reads `http(s)://…`, `file:///…` and `s3://bucket[/prefix]?endpoint=…&region=…&scheme=…&profile=…`, each with
 * `?priority=N`. Other parameters are settings of Nix's own and are passed over; `trusted` too: signatures always count.
 * https://nix.dev/manual/nix/2.34/store/types/s3-binary-cache-store
 * @throws NiphasError InvalidConfiguration; the message does not repeat the URL, which may hold a password
 */
export function parseUpstreamUrl(text: string): UpstreamUrl {
  if (!URL.canParse(text)) throw invalid("not a URL");
  const url = new URL(text);
  const priority = parsePriority(url.searchParams.get("priority"));
  if (url.protocol === "http:" || url.protocol === "https:") return { ...httpUrl(url), priority };
  if (url.protocol === "file:") return { ...fileUrl(url), priority };
  if (url.protocol === "s3:") return { ...s3Url(url), priority };
  throw invalid("only http://, https://, file:// and s3:// are known");
}

function httpUrl(url: URL) {
  const base = new URL(url.pathname.replace(/\/*$/, "/"), url.origin);
  const login =
    url.username === "" && url.password === ""
      ? undefined
      : { user: decode(url.username), password: decode(url.password) };
  return { kind: "http", base, login, name: base.href.replace(/\/$/, "") } as const;
}

function fileUrl(url: URL) {
  const directory = decode(url.pathname);
  if (url.host !== "" || !isAbsolute(directory) || directory.includes("\0")) {
    throw invalid("a directory must be given as file:///absolute/path");
  }
  return { kind: "file", directory, name: `file://${directory}` } as const;
}

function s3Url(url: URL) {
  const bucket = url.hostname;
  if (!BUCKET.test(bucket)) throw invalid("not an S3 bucket's name");
  const { searchParams } = url;
  const region = searchParams.get("region") || DEFAULT_REGION;
  const profile = searchParams.get("profile") || undefined;
  const prefix = url.pathname.split("/").filter((part) => part !== "");
  const base = s3Base(bucket, region, searchParams.get("endpoint"), searchParams.get("scheme") || "https");
  base.pathname += prefix.map((part) => `${awsEncode(decode(part))}/`).join("");
  return { kind: "s3", base, region, profile, name: `s3://${[bucket, ...prefix].join("/")}` } as const;
}

/** AWS knows buckets by host name; their certificates cover no dots. Other servers know them by path. */
function s3Base(bucket: string, region: string, endpoint: string | null, scheme: string): URL {
  if (scheme !== "http" && scheme !== "https") throw invalid("scheme must be http or https");
  if (!/^[a-z0-9-]{1,63}$/.test(region)) throw invalid("not an AWS region");
  if (endpoint === null || endpoint === "") {
    const host = `s3.${region}.amazonaws.com`;
    return new URL(bucket.includes(".") ? `${scheme}://${host}/${bucket}/` : `${scheme}://${bucket}.${host}/`);
  }
  const [, ownScheme = scheme, host, port = ""] = ENDPOINT.exec(endpoint) ?? [];
  const base = `${ownScheme}://${host}${port}/${bucket}/`;
  if (host === undefined || !URL.canParse(base)) throw invalid("endpoint must be host[:port] or http(s)://host[:port]");
  return new URL(base);
}

function parsePriority(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalid("priority must be a whole number");
  return Number(text);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("it has a bad percent escape");
  }
}

function invalid(reason: string): NiphasError {
  return new NiphasError("InvalidConfiguration", `a binary cache's address cannot be used: ${reason}`);
}
