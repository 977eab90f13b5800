import { Agent, get } from "node:http";
import { text } from "node:stream/consumers";

/**
 * `ask-narinfos.ts URL STATUS`: asks a binary cache for the narinfos of the path hashes on standard input, one after the
 * other on one connection, each answered with STATUS, and prints the milliseconds of each as JSON.
 */

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const [url = "", status = ""] = process.argv.slice(2);

async function ask(hash: string): Promise<number> {
  const startedAtMs = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  get(`${url}/${hash}.narinfo`, { agent }, (response) => {
    if (response.statusCode !== Number(status)) reject(new Error(`status ${response.statusCode} for ${hash}`));
    response.once("end", () => resolve(performance.now() - startedAtMs)).resume();
  }).once("error", reject);
  return await promise;
}

const hashes = (await text(process.stdin)).split("\n").filter(Boolean);
const times: number[] = [];
for (const hash of hashes) times.push(await ask(hash));
process.stdout.write(JSON.stringify(times));
agent.destroy();
