import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** What may reach Nix from our own environment: where programs, certificates, proxies and object-store credentials are. */
const PASSED_THROUGH: readonly string[] = [
  "PATH",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NIX_SSL_CERT_FILE",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_PROFILE",
  "AWS_REGION",
];

/**
 * The whole environment of a Nix process: no nix.conf of the machine or the
 * user, no daemon, and nothing written outside `cacheDir`, whose directories
 * are made here. libutil/config and libstore/globals.cc read these variables.
 */
export function nixEnvironment(
  cacheDir: string,
  source: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const dirs = {
    HOME: join(cacheDir, "home"),
    XDG_CACHE_HOME: join(cacheDir, "cache"),
    XDG_CONFIG_HOME: join(cacheDir, "config"),
    XDG_STATE_HOME: join(cacheDir, "state"),
    NIX_CONF_DIR: join(cacheDir, "empty"),
    TMPDIR: join(cacheDir, "tmp"),
  };
  for (const dir of Object.values(dirs)) mkdirSync(dir, { recursive: true, mode: 0o700 });
  const passed = PASSED_THROUGH.flatMap((name) => {
    const value = source[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(passed), ...loopbackDirectly(source), ...dirs, NIX_USER_CONF_FILES: "", LC_ALL: "C" };
}

/** A mesh daemon on this machine is not to be reached through a proxy. curl reads the small letters first. */
function loopbackDirectly(source: Readonly<Record<string, string | undefined>>): Record<string, string> {
  if (!PROXIES.some((name) => source[name] !== undefined)) return {};
  const others = source["no_proxy"] ?? source["NO_PROXY"];
  return { no_proxy: [...(others === undefined || others === "" ? [] : [others]), "127.0.0.1", "::1"].join(",") };
}

const PROXIES: readonly string[] = ["http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"];
