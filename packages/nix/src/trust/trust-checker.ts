import { hasTrustedSignature, NiphasError, type StorePath, type TrustedKey } from "@niphas/core";
import { BoundedSet } from "../concurrency/bounded-set.ts";
import type { PathInfo, StoreDatabase, TrustChecker } from "../ports.ts";

/** Keeps Node.js's four pool threads busy; one verification is a tenth of a millisecond, so file operations hardly wait. */
const CONCURRENT_VERIFICATIONS = 8;
const REMEMBERED_PATHS = 200_000;
const REMEMBERED_REQUESTS = 10_000;

export interface TrustCheckerComponents {
  readonly database: StoreDatabase;
}

export interface TrustCheckerInit {
  readonly trustedKeys: readonly TrustedKey[];
}

/** Checks signatures as the database keeps them, whoever put the paths there; see {@link TrustChecker}. */
export function createTrustChecker(components: TrustCheckerComponents, init: TrustCheckerInit): TrustChecker {
  return new SignatureTrustChecker(components, init);
}

interface TrustOptions {
  readonly allowContentAddressedRoots: boolean;
  readonly signal: AbortSignal;
}

class SignatureTrustChecker implements TrustChecker {
  readonly #database: StoreDatabase;
  readonly #keys: ReadonlyMap<string, TrustedKey>;
  /** Ids of rows with a good signature. */
  readonly #signed = new BoundedSet<number>(REMEMBERED_PATHS);
  /** Requests whose whole closure was found trusted. */
  readonly #trusted = new BoundedSet<string>(REMEMBERED_REQUESTS);

  constructor({ database }: TrustCheckerComponents, { trustedKeys }: TrustCheckerInit) {
    this.#database = database;
    this.#keys = new Map(trustedKeys.map((key) => [key.name, key]));
  }

  async assertTrusted(roots: readonly StorePath[], options: TrustOptions): Promise<void> {
    const key = `${options.allowContentAddressedRoots ? "ca" : ""};${roots.map((root) => this.#idOf(root)).join(";")}`;
    if (this.#trusted.has(key)) return;
    const rootSet = new Set(roots);
    const closure = await this.#database.readClosure(roots, options.signal);
    const unsigned = closure.filter((info) => {
      const isFree =
        info.contentAddress !== undefined && (options.allowContentAddressedRoots || !rootSet.has(info.path));
      return !(isFree || this.#signed.has(info.id));
    });
    await this.#assertSigned(unsigned, options.signal);
    this.#trusted.add(key);
  }

  #idOf(root: StorePath): number {
    const id = this.#database.validId(root);
    if (id === undefined) throw new NiphasError("PathNotFound", `${root} is not in this node's store`);
    return id;
  }

  async #assertSigned(paths: readonly PathInfo[], signal: AbortSignal): Promise<void> {
    const queue = paths.values();
    const worker = async (): Promise<void> => {
      for (const info of queue) {
        if (signal.aborted) throw new NiphasError("Cancelled", "the work was cancelled", { cause: signal.reason });
        if (!(await hasTrustedSignature(info, this.#keys))) throw this.#untrusted(info);
        this.#signed.add(info.id);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_VERIFICATIONS }, worker));
  }

  #untrusted(info: PathInfo): NiphasError {
    const trusted = [...this.#keys.keys()].join(", ") || "none";
    const state = info.signatures.length === 0 ? "has no signature" : "has no signature by a trusted key";
    const advice =
      info.contentAddress === undefined ? "sign it, or trust its key" : "sign it, or allow content-addressed roots";
    return new NiphasError("UntrustedPath", `${info.path} ${state} (trusted keys: ${trusted}): ${advice}`);
  }
}
