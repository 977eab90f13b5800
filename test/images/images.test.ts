import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { killGroup, runCommand, temporaryDirectory } from "@niphas/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OpenArchive } from "../../scripts/images/archive.ts";
import type { BuiltImage } from "../../scripts/images/build-images.ts";
import { IMAGE_NAMES, type ImageName } from "../../scripts/images/image.ts";
import { sourceRevision } from "../../scripts/images/revision.ts";
import { spdxProblems } from "../../scripts/images/sbom/spdx-rules.ts";
import { TestRegistry } from "./registry.ts";
import { asUser, buildImages, canBuild, inImage, needsBuildah, unpackImage } from "./support.ts";

const NONROOT_ID = 65532;
const PERMISSIONS = 0o7777;
const signal = new AbortController().signal;
const outputs = { cached: temporaryDirectory("images"), clean: temporaryDirectory("images") };
const opened: OpenArchive[] = [];
let revision: string;
let built: Readonly<Record<ImageName, BuiltImage>>;

beforeAll(async () => {
  if (!canBuild()) return;
  revision = await sourceRevision(import.meta.dirname, signal);
  built = await buildImages(outputs.cached.path, [], signal);
});

beforeEach((test) => needsBuildah(test));

afterAll(async () => {
  for (const each of [...opened, outputs.cached, outputs.clean]) await each[Symbol.asyncDispose]();
});

async function unpack(name: ImageName): Promise<OpenArchive> {
  const archive = await unpackImage(built[name], signal);
  opened.push(archive);
  return archive;
}

const sbomOf = (name: ImageName) => JSON.parse(readFileSync(join(outputs.cached.path, `${name}.spdx.json`), "utf8"));

describe("images", () => {
  it("have the same digest and the same SBOM when every layer is built again", async () => {
    const again = await buildImages(outputs.clean.path, ["--no-cache"], signal);
    for (const name of IMAGE_NAMES) {
      expect(again[name].digest, name).toBe(built[name].digest);
      const [one, other] = [outputs.cached.path, outputs.clean.path].map((path) => join(path, `${name}.spdx.json`));
      expect(readFileSync(one ?? "", "utf8"), name).toBe(readFileSync(other ?? "", "utf8"));
    }
  });

  it("are pushed under the name that was asked for, with the digest that the registry has", async () => {
    await using output = temporaryDirectory("images");
    await using registry = await TestRegistry.start();
    const options = [
      "--only",
      "control,stub",
      "--tag",
      "1.2.3",
      "--push",
      `${registry.address}/niphas`,
      "--plain-http",
    ];
    const pushed = await buildImages(output.path, options, signal);
    for (const name of ["control", "stub"] as const) {
      const digest = registry.manifests.get(`niphas/${name}:1.2.3`);
      expect(digest).toBeDefined();
      expect(pushed[name].pushed).toEqual({ reference: `${registry.address}/niphas/${name}:1.2.3`, digest });
    }
  });

  it.each(IMAGE_NAMES)("have an SBOM that keeps the rules of SPDX: %s", (name) => {
    expect(spdxProblems(sbomOf(name))).toEqual([]);
  });

  it("name Debian's packages, npm's and Node.js in it", () => {
    const names = (name: ImageName) => sbomOf(name).packages.map((each: { name: string }) => each.name);
    expect(names("node")).toEqual(expect.arrayContaining(["nix-bin", "composefs", "node", "pino", "koffi"]));
    expect(names("control")).toEqual(expect.arrayContaining(["libc6", "node", "pino"]));
    expect(names("control")).not.toContain("nix-bin");
    expect(names("stub")).toEqual(["localhost/niphas/stub"]);
  });
});

describe("the node image", () => {
  let archive: OpenArchive;
  beforeAll(async () => {
    if (canBuild()) archive = await unpack("node");
  });

  it("starts niphas as root", () => {
    expect(archive.config).toMatchObject({ User: "0:0", Entrypoint: ["niphas"] });
    expect(archive.config.Labels).toMatchObject({
      "org.opencontainers.image.version": expect.stringMatching(/^\d+\.\d+\.\d+$/),
      "org.opencontainers.image.licenses": "Apache-2.0",
      "org.opencontainers.image.revision": revision,
    });
  });

  it("has all that the doctor asks for, and makes composefs views, without a network", async () => {
    const argv = inImage(archive.root, ["/usr/local/bin/niphas", "doctor", "--json"]);
    const result = await runCommand(argv, { env: imageEnvironment(archive), allowFailure: true });
    const checks: { id: string; status: string; message: string }[] = JSON.parse(result.stdout).checks;
    const bad = checks.filter((each) => each.status !== "ok" && !each.id.startsWith("substituter-"));
    expect(bad).toEqual([]);
    expect(checks.map((each) => each.id)).toContain("view-composefs");
  });

  it("serves the plugin on its socket until it is told to stop", async () => {
    const flags = ["--node-id", "node-1", "--metrics-listen", "off", "--registration-dir", "off"];
    const argv = inImage(archive.root, ["/usr/local/bin/niphas", "csi", ...flags]);
    const kubeletDir = join(archive.root, "var/lib/kubelet");
    mkdirSync(kubeletDir, { recursive: true });
    using plugin = startGroup(argv, imageEnvironment(archive));
    const exited = once(plugin.child, "exit");
    const socket = join(kubeletDir, "plugins/csi.niphas.io/csi.sock");
    await expect.poll(() => existsSync(socket) || plugin.child.exitCode !== null).toBe(true);
    plugin.child.kill("SIGTERM");
    expect(await exited, plugin.stderr()).toEqual([0, null]);
  });

  it("names no package mirror and no machine", () => {
    expect(readFileSync(join(archive.root, "etc/apt/sources.list.d/debian.sources"), "utf8")).toBe("");
    expect(globSync("etc/{machine-id,apt/sources.list}", { cwd: archive.root })).toEqual([]);
    // What was mounted over while packages were installed.
    const names = globSync("etc/{hostname,hosts,resolv.conf}", { cwd: archive.root });
    expect(names.map((name) => readFileSync(join(archive.root, name), "utf8")).join("")).toBe("");
  });
});

describe("the control image", () => {
  let archive: OpenArchive;
  beforeAll(async () => {
    if (canBuild()) archive = await unpack("control");
  });

  it("starts niphas as an ordinary user, in an image with no other program than Node.js", async () => {
    expect(archive.config).toMatchObject({ User: `${NONROOT_ID}:${NONROOT_ID}`, Entrypoint: ["niphas"] });
    expect(globSync("usr/{bin,sbin,local/bin,local/sbin}/*", { cwd: archive.root })).toEqual(
      expect.arrayContaining(["usr/local/bin/node", "usr/local/bin/niphas"]),
    );
    expect(globSync("usr/{bin,sbin}/*", { cwd: archive.root })).toEqual([]);
  });

  it.each(["controller", "uninstall"])("runs niphas %s", async (command) => {
    const argv = asUser(archive.root, NONROOT_ID, ["/usr/local/bin/niphas", command, "--help"]);
    const result = await runCommand(argv, { env: imageEnvironment(archive) });
    expect(result).toMatchObject({ stderr: "", stdout: expect.stringContaining(`Usage: niphas ${command}`) });
  });
});

describe("the stub image", () => {
  let archive: OpenArchive;
  beforeAll(async () => {
    if (canBuild()) archive = await unpack("stub");
  });

  it("is there for both architectures and has nothing to start", () => {
    expect([...archive.architectures].sort()).toEqual(["amd64", "arm64"]);
    expect(archive.config.User).toBe(`${NONROOT_ID}:${NONROOT_ID}`);
    expect(archive.config.Entrypoint).toBeUndefined();
    expect(archive.config.Cmd).toBeUndefined();
  });

  it("holds what a process expects to exist and no program", () => {
    const modes = Object.fromEntries(
      globSync("**", { cwd: archive.root })
        .filter((path) => path !== ".")
        .map((path) => [path, lstatSync(join(archive.root, path))] as const)
        .map(([path, stats]) => [path, stats.isSymbolicLink() ? "link" : (stats.mode & PERMISSIONS).toString(8)]),
    );
    expect(modes).toEqual({
      etc: "755",
      "etc/group": "644",
      "etc/nsswitch.conf": "644",
      "etc/passwd": "644",
      nix: "755",
      "nix/store": "755",
      run: "755",
      tmp: "1777",
      var: "755",
      "var/run": "link",
      "var/tmp": "1777",
    });
  });
});

/** The variables that the image's configuration sets, and no others. */
function imageEnvironment(archive: OpenArchive): NodeJS.ProcessEnv {
  const variables = archive.config.Env?.map((each) => each.split(/=(.*)/s).slice(0, 2)) ?? [];
  return Object.fromEntries(variables);
}

/** A program in a process group of its own, which is gone when the test ends. */
function startGroup(argv: readonly string[], env: NodeJS.ProcessEnv) {
  const [program = "", ...args] = argv;
  const child: ChildProcess = spawn(program, args, { detached: true, stdio: ["ignore", "ignore", "pipe"], env });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return { child, stderr: () => stderr, [Symbol.dispose]: () => killGroup(child, "SIGKILL") };
}
