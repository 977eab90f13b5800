import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { StorePath } from "@niphas/core";
import {
  freePort,
  killGroup,
  LogCapture,
  nixEnvironment,
  runCommand,
  type TemporaryDirectory,
  waitUntil,
} from "@niphas/testing";
import { MeshDaemon, niphasCommand } from "./mesh-daemon.ts";

/** As systemd gives to a service with DynamicUser. */
const MESH_USER = 64_823;
const ORDINARY_USER = 65_534;
const EXAMPLE = fileURLToPath(new URL("../../../examples/mesh/nix.conf", import.meta.url));
const NIX_DAEMON = 'mkdir -p /nix && mount --bind "$0" /nix && exec nix-daemon';

export interface HostMachineInit {
  readonly directory: TemporaryDirectory;
  readonly name: string;
  /** In the place of cache.nixos.org. */
  readonly cacheUrl: string;
  readonly publicKey: string;
}

/** A machine whose Nix is at /nix and has the nix.conf of docs/lan.md: Nix's daemon, `niphas mesh` without any rights. */
export class HostMachine implements AsyncDisposable {
  /** For `--members static:`. */
  readonly member: string;
  readonly #init: HostMachineInit;
  readonly #dir: string;
  readonly #ports: { readonly listen: number; readonly substituter: number };
  readonly #logs = new LogCapture();
  readonly #nixDaemon: ChildProcess;
  #mesh: MeshDaemon | undefined;

  private constructor(init: HostMachineInit, peerId: string, ports: { listen: number; substituter: number }) {
    this.#init = init;
    this.#dir = init.directory.join(init.name);
    this.#ports = ports;
    this.member = `${peerId}@127.0.0.1:${ports.listen}`;
    writeFileSync(`${this.#dir}/etc/nix.conf`, this.#nixConf());
    this.#nixDaemon = this.#startNixDaemon();
  }

  static async create(init: HostMachineInit): Promise<HostMachine> {
    const dir = init.directory.join(init.name);
    for (const each of ["nix", "etc", "home"]) mkdirSync(`${dir}/${each}`, { recursive: true });
    const { stdout } = await runCommand(niphasCommand("mesh", "id", "--state-dir", `${dir}/mesh`));
    for (const file of ["mesh", "mesh/peer.key"]) chownSync(`${dir}/${file}`, MESH_USER, MESH_USER);
    const ports = { listen: await freePort(), substituter: await freePort() };
    const machine = new HostMachine(init, stdout.trim(), ports);
    await waitUntil("Nix's daemon", () => {
      if (machine.#nixDaemon.exitCode !== null) throw new Error(`nix-daemon ended: ${machine.#logs.tail()}`);
      return existsSync(`${dir}/nix/var/nix/daemon-socket/socket`);
    });
    return machine;
  }

  get mesh(): MeshDaemon {
    if (this.#mesh === undefined) throw new Error("the mesh was not started");
    return this.#mesh;
  }

  async startMesh(members: readonly HostMachine[]): Promise<void> {
    this.#mesh = new MeshDaemon({
      stateDir: `${this.#dir}/mesh`,
      storeRootDir: "/",
      members: `static:${members.map(({ member }) => member).join(",")}`,
      listenPort: this.#ports.listen,
      upstreams: [this.#init.cacheUrl],
      trustedPublicKey: this.#init.publicKey,
      wrapper: this.#as(MESH_USER),
      flags: { substituter: `127.0.0.1:${this.#ports.substituter}` },
    });
    await this.#mesh.start();
  }

  /** As an ordinary user types it, with nothing but what nix.conf says. */
  async realise(root: StorePath): Promise<void> {
    await this.#nix("nix-store", "--realise", root);
  }

  /** Compares the files with the signed hashes. */
  async verify(paths: readonly StorePath[]): Promise<void> {
    await this.#nix("nix-store", "--verify-path", ...paths);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mesh?.[Symbol.asyncDispose]();
    killGroup(this.#nixDaemon, "SIGKILL");
    await waitUntil(
      "Nix's daemon to end",
      () => this.#nixDaemon.exitCode !== null || this.#nixDaemon.signalCode !== null,
    );
  }

  async #nix(...command: readonly string[]): Promise<void> {
    const env = { ...this.#environment, NIX_REMOTE: "daemon" };
    await runCommand([...this.#as(ORDINARY_USER), ...command], { env });
  }

  #as(user: number): readonly string[] {
    const enter = ["nsenter", `--mount=/proc/${this.#nixDaemon.pid}/ns/mnt`, "--"];
    return [...enter, "setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", "--no-new-privs"];
  }

  #startNixDaemon(): ChildProcess {
    const argv = ["--mount", "--propagation", "private", "--", "sh", "-c", NIX_DAEMON, `${this.#dir}/nix`];
    const env = this.#environment;
    const child = spawn("unshare", argv, { env, detached: true, stdio: ["ignore", "ignore", "pipe"] });
    this.#logs.read(child.stderr);
    return child;
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...nixEnvironment(`${this.#dir}/home`), NIX_CONF_DIR: `${this.#dir}/etc` };
  }

  /** The example's lines with this machine's addresses, and what a machine of a test cannot have. */
  #nixConf(): string {
    const example = readFileSync(EXAMPLE, "utf8")
      .replace("127.0.0.1:9812", `127.0.0.1:${this.#ports.substituter}`)
      .replace("https://cache.nixos.org", this.#init.cacheUrl);
    return `${example}trusted-public-keys = ${this.#init.publicKey}\nbuild-users-group =\nsandbox = false\n`;
  }
}
