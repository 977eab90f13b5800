import type { Cluster } from "../../cluster/index.ts";

export interface KubectlOptions {
  readonly input?: string;
  /** @default 60_000 */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;

/** kubectl on one cluster, as a person would use it. Every call ends with `signal`. */
export class Kubectl {
  readonly #cluster: Pick<Cluster, "kubectl">;
  readonly #signal: AbortSignal;

  constructor(cluster: Pick<Cluster, "kubectl">, init: { readonly signal: AbortSignal }) {
    this.#cluster = cluster;
    this.#signal = init.signal;
  }

  /** Standard output. @throws with standard error when the command fails */
  async run(argv: readonly string[], options: KubectlOptions = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.attempt(argv, options);
    if (exitCode === 0) return stdout;
    throw new Error(`kubectl ${argv.slice(0, 6).join(" ")} ended with ${exitCode}: ${(stderr || stdout).trim()}`);
  }

  /** The same, for commands that may fail. */
  async attempt(argv: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
    this.#signal.throwIfAborted();
    return this.#cluster.kubectl([...argv], { timeoutMs: DEFAULT_TIMEOUT_MS, signal: this.#signal, ...options });
  }

  /** What `-o json` gives, read by `parse`. */
  async json<T>(argv: readonly string[], parse: (value: unknown) => T): Promise<T> {
    const value: unknown = JSON.parse(await this.run([...argv, "--output", "json"]));
    return parse(value);
  }
}

export interface KubectlResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}
