import { Agent, get } from "node:http";

/** `ask-upstream.ts URL COUNT`: asks that often on one connection, one after the other, and prints the milliseconds of each. */

const [url = "", count = "1"] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

async function ask(): Promise<number> {
  const startedAtMs = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  get(url, { agent }, (response) => {
    response.once("end", () => resolve(performance.now() - startedAtMs)).resume();
  }).once("error", reject);
  return await promise;
}

const times: number[] = [];
for (let index = 0; index < Number(count); index++) times.push(await ask());
process.stdout.write(`${JSON.stringify(times)}\n`);
process.exit(0);
