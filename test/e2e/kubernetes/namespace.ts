import { setTimeout as sleep } from "node:timers/promises";
import type { Kubectl, KubectlResult } from "./kubectl.ts";
import { type Pod, parsePodList } from "./objects.ts";

export interface WaitInit {
  /** @default 120_000 */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 120_000;
const POLL_MS = 500;
const GONE_TIMEOUT_MS = 90_000;

/** One namespace of the cluster, and what a person does in it. */
export class Namespace {
  readonly name: string;
  readonly #kubectl: Kubectl;
  readonly #signal: AbortSignal;

  private constructor(name: string, kubectl: Kubectl, signal: AbortSignal) {
    this.name = name;
    this.#kubectl = kubectl;
    this.#signal = signal;
  }

  static async create(name: string, kubectl: Kubectl, signal: AbortSignal): Promise<Namespace> {
    await kubectl.run(["create", "namespace", name]);
    return new Namespace(name, kubectl, signal);
  }

  /** One that is there already. */
  static existing(name: string, kubectl: Kubectl, signal: AbortSignal): Namespace {
    return new Namespace(name, kubectl, signal);
  }

  /** @param label such as those of Pod Security: `key=value` */
  async label(label: string): Promise<void> {
    await this.#kubectl.run(["label", "namespace", this.name, label]);
  }

  /** Creates or changes objects. @param manifest YAML or JSON, without namespaces */
  async apply(manifest: string): Promise<void> {
    await this.run(["apply", "--filename", "-"], { input: manifest });
  }

  /** kubectl in this namespace. */
  async run(
    argv: readonly string[],
    options: { readonly input?: string; readonly timeoutMs?: number } = {},
  ): Promise<string> {
    return this.#kubectl.run(["--namespace", this.name, ...argv], options);
  }

  async pods(): Promise<readonly Pod[]> {
    return this.#kubectl.json(["--namespace", this.name, "get", "pods"], parsePodList);
  }

  /** @throws when the pod is not there */
  async pod(name: string): Promise<Pod> {
    const pod = (await this.pods()).find((each) => each.name === name);
    if (pod === undefined) throw new Error(`there is no pod ${name} in ${this.name}`);
    return pod;
  }

  /** Waits until a pod, or all pods of a Deployment (`deployment/web`), are ready. */
  async ready(target: string, { timeoutMs = DEFAULT_TIMEOUT_MS }: WaitInit = {}): Promise<void> {
    const seconds = Math.ceil(timeoutMs / 1000);
    const wait = target.includes("/")
      ? ["rollout", "status", target, `--timeout=${seconds}s`]
      : ["wait", "--for=condition=Ready", `pod/${target}`, `--timeout=${seconds}s`];
    await this.run(wait, { timeoutMs: timeoutMs + 10_000 });
  }

  /** What a person reads. */
  async describe(pod: string): Promise<string> {
    return this.run(["describe", "pod", pod]);
  }

  /**
   * Waits until `kubectl describe pod` shows an event with this text, or one that matches.
   * @returns the line
   */
  async event(
    pod: string,
    wanted: string | RegExp,
    { timeoutMs = DEFAULT_TIMEOUT_MS }: WaitInit = {},
  ): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const description = await this.describe(pod);
      const events = eventLines(description);
      const line = events.find((each) => (typeof wanted === "string" ? each.includes(wanted) : wanted.test(each)));
      if (line !== undefined) return line;
      if (Date.now() > deadline) throw new Error(`pod ${pod} has no event like ${wanted}, but:\n${events.join("\n")}`);
      await sleep(POLL_MS, undefined, { signal: this.#signal });
    }
  }

  /** Runs a program inside a container; its output and exit code. */
  async exec(pod: string, argv: readonly string[], container?: string): Promise<KubectlResult> {
    const where = container === undefined ? [pod] : [pod, "--container", container];
    return this.#kubectl.attempt(["--namespace", this.name, "exec", ...where, "--", ...argv]);
  }

  async logs(pod: string, container?: string): Promise<string> {
    return this.run(["logs", pod, ...(container === undefined ? [] : ["--container", container])]);
  }

  /** Deletes everything that runs here and waits until the kubelets have let go of it. */
  async empty(): Promise<void> {
    const kinds = "deployments,replicasets,daemonsets,statefulsets,jobs,pods,services";
    await this.run(["delete", kinds, "--all", "--wait=false", "--grace-period=1"]);
    await this.without("pods", { timeoutMs: GONE_TIMEOUT_MS });
  }

  /** Removes the namespace too; its last traces go in the background. */
  async remove(): Promise<void> {
    await this.empty();
    await this.#kubectl.run(["delete", "namespace", this.name, "--wait=false"]);
  }

  /** Waits until no object of this kind is left. */
  async without(kind: string, { timeoutMs = DEFAULT_TIMEOUT_MS }: WaitInit = {}): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const left = (await this.run(["get", kind, "--output", "name"])).trim();
      if (left === "") return;
      if (Date.now() > deadline)
        throw new Error(`${this.name}: still there after deletion: ${left.replaceAll("\n", ", ")}`);
      await sleep(POLL_MS, undefined, { signal: this.#signal });
    }
  }
}

/** The lines of the last section of `kubectl describe pod`. */
export function eventLines(description: string): readonly string[] {
  const [, events = ""] = description.split(/^Events:/m);
  return events
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && line !== "<none>");
}
