import { BinaryCacheServer } from "@niphas/testing";
import { endWithParent } from "./server-process.ts";

/** `cache-server.ts DIRECTORY`: serves a binary cache directory over HTTP on 127.0.0.1. */

endWithParent();
const [directory = ""] = process.argv.slice(2);
const server = await BinaryCacheServer.start(directory);
process.stdout.write(`${server.url}\n`);
