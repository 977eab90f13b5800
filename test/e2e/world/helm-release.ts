import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type CommandResult, runCommand, type TemporaryDirectory } from "@niphas/testing";
import type { Cluster } from "../../cluster/index.ts";

export type HelmValues = Readonly<Record<string, unknown>>;

export interface HelmReleaseInit {
  readonly helm: string;
  readonly cluster: Pick<Cluster, "kubeconfigFile" | "kubectl">;
  /** For value files and helm's caches. */
  readonly directory: TemporaryDirectory;
  /** What every installation has; the calls' own values are merged over them. */
  readonly values: HelmValues;
  readonly signal: AbortSignal;
}

export const RELEASE = "niphas";
export const SYSTEM_NAMESPACE = "niphas-system";

const CHART = fileURLToPath(new URL("../../../charts/niphas", import.meta.url));
const TIMEOUT_MS = 240_000;

/** The platform as a user installs it: `helm install` of charts/niphas and what follows. */
export class HelmRelease {
  readonly #init: HelmReleaseInit;

  constructor(init: HelmReleaseInit) {
    this.#init = init;
  }

  /** Installs or upgrades; returns when everything that changed is ready. Values of earlier calls are not kept. */
  async install(values: HelmValues = {}): Promise<void> {
    await this.#apply(["upgrade", "--install", RELEASE, CHART, "--create-namespace"], values);
    await this.#everyPluginReady();
  }

  /** May fail: the pre-delete hook refuses while pods hold volumes. */
  async uninstall(): Promise<CommandResult> {
    return this.#helm(["uninstall", RELEASE, "--wait"], true);
  }

  async isInstalled(): Promise<boolean> {
    const { exitCode } = await this.#helm(["status", RELEASE], true);
    return exitCode === 0;
  }

  async #apply(argv: readonly string[], values: HelmValues): Promise<void> {
    const files = [this.#init.values, values].map((each, index) => {
      const file = this.#init.directory.join(`values-${index}.json`);
      writeFileSync(file, JSON.stringify(each));
      return file;
    });
    await this.#helm([...argv, "--wait", ...files.flatMap((file) => ["--values", file])]);
  }

  /** Helm is content when as many are ready as a rolling update keeps. */
  async #everyPluginReady(): Promise<void> {
    const { cluster, signal } = this.#init;
    const status = ["--namespace", SYSTEM_NAMESPACE, "rollout", "status", "daemonset/niphas-node"];
    await cluster.kubectl([...status, `--timeout=${TIMEOUT_MS / 1000}s`], {
      timeoutMs: TIMEOUT_MS,
      check: true,
      signal,
    });
  }

  async #helm(argv: readonly string[], allowFailure = false): Promise<CommandResult> {
    const { helm, cluster, directory, signal } = this.#init;
    const common = ["--namespace", SYSTEM_NAMESPACE, "--kubeconfig", cluster.kubeconfigFile];
    const timeout = argv[0] === "status" ? [] : ["--timeout", `${TIMEOUT_MS / 1000}s`];
    return runCommand([helm, ...argv, ...common, ...timeout], {
      // Nothing of the user's own configuration.
      env: { PATH: process.env["PATH"], HOME: directory.path },
      timeoutMs: TIMEOUT_MS + 30_000,
      allowFailure,
      signal,
    });
  }
}
