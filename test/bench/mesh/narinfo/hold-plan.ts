import { createInterface } from "node:readline";
import { Readable } from "node:stream";

/** `hold-plan.ts URL ROOT`: hands a closure to the mesh as the node plugin does, prints its events and stays until it is killed. */

const [url = "", root = ""] = process.argv.slice(2);
const response = await fetch(`${url}/plan`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ roots: [root] }),
});
if (response.body === null || !response.ok) throw new Error(`POST /plan was answered with ${response.status}`);
for await (const line of createInterface({ input: Readable.from(response.body) })) process.stdout.write(`${line}\n`);
