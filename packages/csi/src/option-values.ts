import { NiphasError, parseDirectory } from "@niphas/core";

/** Parsers of the plugin's own flag values; those that all commands have are in packages/core. */

/** `unix:///run/csi.sock` or a plain absolute path; gives the path. */
export function parseUnixEndpoint(text: string): string {
  const path = text.replace(/^unix:(\/\/)?/, "");
  if (!path.startsWith("/")) throw invalid("must be unix:///<absolute path>: the kubelet speaks to a unix socket only");
  return parseDirectory(path);
}

/** A binary cache that Nix can ask. Options that weaken signatures are refused. */
export function parseSubstituter(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !SUBSTITUTER_SCHEMES.has(url.protocol) || /\s/.test(text)) {
    throw invalid(`must be the URL of a binary cache (${[...SUBSTITUTER_SCHEMES].join(" ")})`);
  }
  if (url.password !== "") throw invalid("must not hold a password, which every process could read: use --netrc-file");
  if (url.searchParams.has("trusted")) throw invalid("must not set trusted: signatures are always required");
  return text;
}

const SUBSTITUTER_SCHEMES: ReadonlySet<string> = new Set(["https:", "http:", "s3:", "ssh-ng:", "file:"]);

/** The mesh daemon of this machine; a name could lead elsewhere. Without a slash at its end. */
export function parseMeshUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = url !== undefined && /^(?:127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (!isLocal || url.protocol !== "http:" || url.port === "" || url.href !== `${url.origin}/`) {
    throw invalid("must be http://127.0.0.1:<port>: the mesh daemon of this machine");
  }
  return url.origin;
}

/** A Kubernetes node name: a DNS subdomain, at most 253 characters; CSI allows 256 bytes. */
export function parseNodeId(text: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)) throw invalid("must be the Kubernetes node's name");
  return text;
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidConfiguration", message);
}
