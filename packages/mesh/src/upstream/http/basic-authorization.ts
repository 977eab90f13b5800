import { readFile } from "node:fs/promises";
import { systemErrorCode } from "@niphas/core";
import { netrcLogin, parseNetrc } from "../netrc/netrc.ts";
import { UpstreamUnavailable } from "../unavailable.ts";
import type { Authorize } from "./http-files.ts";

export interface Login {
  readonly user: string;
  readonly password: string;
}

/**
 * Basic authentication: by the login in the cache's own URL, else by a netrc file. The file is read for each request,
 * so that a mounted secret may change. A file that is not there is as good as an empty one.
 */
export function basicAuthorization(name: string, ofUrl: Login | undefined, netrcFile: string | undefined): Authorize {
  return async (url) => {
    const login = ofUrl ?? (netrcFile === undefined ? undefined : await loginFromFile(name, netrcFile, url.hostname));
    if (login === undefined) return {};
    const token = Buffer.from(`${login.user}:${login.password}`).toString("base64");
    return { authorization: `Basic ${token}` };
  };
}

async function loginFromFile(name: string, file: string, host: string): Promise<Login | undefined> {
  try {
    return netrcLogin(parseNetrc(await readFile(file, "utf8")), host);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT") return undefined;
    throw new UpstreamUnavailable(name, `its netrc file cannot be read${code === undefined ? "" : ` (${code})`}`);
  }
}
