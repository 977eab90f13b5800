import { randomBytes } from "node:crypto";
import { Agent, get } from "node:http";
import { encodeNix32 } from "@niphas/core";

/**
 * `ask-absent.ts URL COUNT`: asks a binary cache for the narinfos of paths that are nowhere, one after the other on one
 * connection, and prints the milliseconds of each as JSON.
 */

const HASH_BYTES = 20;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const [url = "", count = ""] = process.argv.slice(2);

async function ask(hash: string): Promise<number> {
  const startedAtMs = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  get(`${url}/${hash}.narinfo`, { agent }, (response) => {
    if (response.statusCode !== 404) reject(new Error(`status ${response.statusCode} for ${hash}`));
    response.once("end", () => resolve(performance.now() - startedAtMs)).resume();
  }).once("error", reject);
  return await promise;
}

const times: number[] = [];
while (times.length < Number(count)) times.push(await ask(encodeNix32(randomBytes(HASH_BYTES))));
process.stdout.write(JSON.stringify(times));
agent.destroy();
