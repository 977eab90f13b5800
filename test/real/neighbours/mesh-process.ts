/** A mesh daemon without members, as a process that tests may kill: `node mesh-process.ts <upstream> <public key>`. */
import { hasTrustedSignature, parseTrustedKey } from "@niphas/core";
import {
  createPlanApp,
  createSubstituterApp,
  createUpstreams,
  type Downloads,
  InfoFinder,
  PlannedNarInfos,
  Plans,
  SubstituterListener,
  UpstreamSet,
  UpstreamSources,
} from "@niphas/mesh";
import { Hono } from "hono";

const [upstream = "", publicKey = ""] = process.argv.slice(2);
const key = parseTrustedKey(publicKey);
const isTrusted = (info: Parameters<typeof hasTrustedSignature>[0]) =>
  hasTrustedSignature(info, new Map([[key.name, key]]));
const upstreams = new UpstreamSet({ upstreams: createUpstreams({ urls: [upstream] }), isTrusted });
const clock = {
  nowMs: () => performance.now(),
  setTimer: (delayMs: number, callback: () => void) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
const store = { pathInfo: () => undefined };
/** Nothing is got ahead: what the watchdog sees is Nix's own traffic. */
const downloads: Downloads = {
  open: async () => {
    const spool = { doneBytes: 0, segments: { all: [] }, verified: () => Promise.withResolvers<void>().promise };
    return { spool, [Symbol.dispose]: () => undefined };
  },
};
const finder = new InfoFinder({
  discovery: { of: () => [], lookUp: () => Promise.resolve() },
  queries: { closure: () => Promise.resolve(undefined) },
  upstreams,
  proven: async (info) => ((await isTrusted(info)) ? info : undefined),
  known: () => [],
  clock,
});
const registrations = { follow: () => () => [] };
const plans = new Plans({ finder, downloads, store, registrations, clock });
const sources = new UpstreamSources({ upstreams });
const app = new Hono();
app.route("/", createPlanApp({ plans }));
app.route(
  "/",
  createSubstituterApp({
    narInfos: new PlannedNarInfos({ finder, plans, store, isTrusted }),
    nars: sources,
    sideFiles: sources,
  }),
);
const listener = new SubstituterListener({ app }, { address: { host: "127.0.0.1", port: 0 } });
const { host, port } = await listener.start();
process.stdout.write(`http://${host}:${port}\n`);
