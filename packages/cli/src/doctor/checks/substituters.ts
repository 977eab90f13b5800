import { accessSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { systemErrorCode } from "@niphas/core";
import { type Check, ok, warn } from "../check.ts";

const TIMEOUT_MS = 3_000;

/** Asks each binary cache for its `nix-cache-info`, all at once, 3 s at most. */
export async function checkSubstituters(urls: readonly string[], signal: AbortSignal): Promise<readonly Check[]> {
  return await Promise.all(urls.map((url) => checkSubstituter(url, signal)));
}

async function checkSubstituter(text: string, signal: AbortSignal): Promise<Check> {
  const url = URL.parse(text);
  if (url === null) return warn("substituter", "a substituter is not a URL", "give it as https://cache.example.org");
  const id = `substituter-${url.host === "" ? url.protocol.slice(0, -1) : url.host}`;
  if (url.protocol === "file:") return checkDirectory(id, url);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return ok(id, `${url.protocol}//${url.host} is left to Nix and was not asked`);
  }
  return await checkHttp(id, url, signal);
}

/** Node's fetch does not follow what stands for a proxy in the environment, unlike Nix. */
async function checkHttp(id: string, url: URL, signal: AbortSignal): Promise<Check> {
  const name = `${url.protocol}//${url.host}${url.pathname === "/" ? "" : url.pathname}`;
  const advice = "check the address, the network and any proxy; paths that only it has cannot be fetched";
  try {
    const target = new URL(`${url.pathname.replace(/\/$/, "")}/nix-cache-info`, url);
    // fetch refuses addresses that hold a password.
    target.username = "";
    target.password = "";
    const end = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await fetch(target, { signal: end, headers: credentials(url) });
    const text = await response.text();
    if (response.ok && text.includes("StoreDir: /nix/store")) return ok(id, `${name} answers`);
    const problem = response.ok ? "is not a binary cache for /nix/store" : `answers with status ${response.status}`;
    return warn(id, `${name} ${problem}`, advice);
  } catch (error) {
    return warn(id, `${name} cannot be reached (${reasonOf(error)})`, advice);
  }
}

function credentials(url: URL): Record<string, string> {
  if (url.username === "") return {};
  const text = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(text).toString("base64")}` };
}

function checkDirectory(id: string, url: URL): Check {
  const path = fileURLToPath(url);
  try {
    accessSync(`${path}/nix-cache-info`);
    return ok(id, `${path} is a binary cache`);
  } catch {
    return warn(id, `${path} holds no readable nix-cache-info`, "give a directory that `nix copy --to file://…` made");
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return `no answer in ${TIMEOUT_MS / 1000} s`;
  const cause = error instanceof Error ? error.cause : undefined;
  return systemErrorCode(cause) ?? systemErrorCode(error) ?? "the request failed";
}
