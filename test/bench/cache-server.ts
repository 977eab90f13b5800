import { BinaryCacheServer } from "@niphas/testing";
import { endWithParent } from "./server-process.ts";

/** `cache-server.ts DIRECTORY [HOST]`: serves a binary cache directory over HTTP, on 127.0.0.1 unless told otherwise. */

endWithParent();
const [directory = "", host = "127.0.0.1"] = process.argv.slice(2);
const server = await BinaryCacheServer.start(directory, { host });
process.stdout.write(`${server.url}\n`);
