import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseStorePath, type StorePath, storePathName } from "@niphas/core";
import {
  directory,
  file,
  SeededRandom,
  type SigningKey,
  signingKey,
  type TemporaryDirectory,
  TestStore,
  type Tree,
} from "@niphas/testing";
import { Builder } from "../../../examples/demo/builder.ts";

/** A root with all that it refers to; the root is one of the paths. */
export interface Closure {
  readonly root: StorePath;
  readonly paths: readonly StorePath[];
}

/** Which key signs a new path. */
export type Signer = "trusted" | "foreign" | "nobody";

export interface NewClosure {
  /** Name of the root, `<name>` or `<name>-<version>`. */
  readonly name: string;
  /** Shell script that becomes `bin/<name>`, without its `#!` line; `@busybox@` is replaced. */
  readonly script: string;
  /** A file `data` of this many incompressible bytes. @default none */
  readonly dataBytes?: number;
  /** How many store paths besides the root hold such a file; the root then has none. @default 0 */
  readonly parts?: number;
  /** @default trusted */
  readonly signedBy?: Signer;
  /** False: built and signed, but in no cache. @default true */
  readonly isPushed?: boolean;
}

/** As process 1 a shell hears SIGTERM only when it says so, and only between commands. */
export const WORKER = "trap 'exit 0' TERM INT; while :; do @busybox@ sleep 3600 & wait $!; done";

const NGINX_FLAKE = `path:${fileURLToPath(new URL("../../../examples/nginx", import.meta.url))}`;

/**
 * Real closures that a cache serves: what examples/nginx builds, and scripts for its busybox. Every one of them holds
 * busybox, so that it can be asked from inside what it sees.
 */
export class ClosureSource {
  /** Where the cache's files are; somebody else serves them. */
  readonly cacheDir: string;
  /** nginx with one page, on port 8080: `bin/web`. */
  readonly web: Closure;
  /** One HTML page, no program. */
  readonly site: Closure;
  /** `bin/hello` prints one line and ends. */
  readonly hello: Closure;
  /** `bin/worker` runs until it is told to end. */
  readonly worker: Closure;
  /** Statically linked, `bin/busybox`; part of every other closure but {@link site}. */
  readonly busybox: StorePath;
  /** What a plugin must trust: `name:base64`. */
  readonly publicKey: string;
  readonly #store: TestStore;
  readonly #foreignKey: SigningKey;

  private constructor(parts: SourceParts) {
    this.cacheDir = parts.cacheDir;
    this.web = parts.web;
    this.site = parts.site;
    this.hello = parts.hello;
    this.worker = parts.worker;
    this.busybox = busyboxOf(parts.web);
    this.#store = parts.store;
    this.publicKey = parts.store.publicKey;
    this.#foreignKey = signingKey("niphas-foreign-1");
  }

  /** Builds examples/nginx by real Nix, and two scripts; pushes all. */
  static async create(base: TemporaryDirectory): Promise<ClosureSource> {
    const platform = { name: "this machine", wrapper: [], env: {} };
    const builder = new Builder(platform, { directory: base.path, flake: NGINX_FLAKE });
    const [webRoot, siteRoot] = [await builder.build("web"), await builder.build("site")];
    const store = await TestStore.create(base.join("store"));
    const [web, site] = [await closureOf(store, webRoot), await closureOf(store, siteRoot)];
    await store.sign([...new Set([...web.paths, ...site.paths])]);
    const hello = await addScript(store, busyboxOf(web), { name: "hello", script: 'echo "Hello, world!"' });
    const worker = await addScript(store, busyboxOf(web), { name: "worker", script: WORKER });
    const cacheDir = base.join("cache");
    const roots = [web, site, hello, worker].map((closure) => closure.root);
    await store.copyToCache(cacheDir, roots, { compression: "zstd" });
    return new ClosureSource({ cacheDir, store, web, site, hello, worker });
  }

  /** Builds a script's closure, signs it and pushes it. Another name makes another closure. */
  async add(init: NewClosure): Promise<Closure> {
    const closure = await addScript(this.#store, this.busybox, init);
    if (init.signedBy === "foreign") await this.#signForeign(closure.root);
    if (init.isPushed !== false) await this.push(closure.root);
    return closure;
  }

  /** Where the bytes of a path lie on this machine. */
  physicalPath(path: StorePath): string {
    return this.#store.physicalPath(path);
  }

  /** Copies a root with its closure to the cache. */
  async push(root: StorePath): Promise<void> {
    await this.#store.copyToCache(this.cacheDir, [root], { compression: "zstd" });
  }

  async #signForeign(root: StorePath): Promise<void> {
    const { rootDir } = this.#store.location;
    const scratchDir = join(rootDir, "..", "foreign");
    mkdirSync(scratchDir, { recursive: true });
    const store = await TestStore.create(rootDir, { key: this.#foreignKey, scratchDir });
    await store.sign([root]);
  }
}

interface SourceParts {
  readonly cacheDir: string;
  readonly store: TestStore;
  readonly web: Closure;
  readonly site: Closure;
  readonly hello: Closure;
  readonly worker: Closure;
}

async function addScript(store: TestStore, busybox: StorePath, init: NewClosure): Promise<Closure> {
  const { name, script, dataBytes = 0, parts = 0, signedBy = "trusted" } = init;
  const text = `#!${busybox}/bin/sh\n${script.replaceAll("@busybox@", `${busybox}/bin/busybox`)}\n`;
  const data = (seed: number): Record<string, Tree> =>
    dataBytes === 0 ? {} : { data: file(new SeededRandom(seed).bytes(dataBytes)) };
  const entries: Record<string, Tree> = {
    bin: directory({ [programName(name)]: file(text, { executable: true }) }),
    ...(parts === 0 ? data(name.length) : {}),
  };
  const references = [busybox];
  for (let part = 1; part <= parts; part++) {
    references.push(await store.addTree(directory(data(name.length + part)), `${name}-part-${part}`));
  }
  const options = { references, signed: signedBy === "trusted" };
  return closureOf(store, await store.addTree(directory(entries), name, options));
}

/** `hello` of `hello-2.12`. */
export function programName(name: string): string {
  return name.replace(/-[0-9].*$/, "");
}

async function closureOf(store: TestStore, root: StorePath): Promise<Closure> {
  const { stdout } = await store.nixStore(["--query", "--requisites", root]);
  return { root, paths: stdout.trim().split("\n").map(parseStorePath) };
}

function busyboxOf(closure: Closure): StorePath {
  const path = closure.paths.find((each) => storePathName(each) === "busybox");
  if (path === undefined) throw new Error(`${closure.root} does not refer to busybox`);
  return path;
}
