import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ViewLayout, ViewLink } from "@niphas/core";
import { openStoreDatabase, storeLayout } from "@niphas/nix";
import type { ViewPlan, ViewStrategy } from "@niphas/views";
import type { Prerequisite } from "../prerequisites/prerequisites.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../resources/temporary-directory.ts";
import { TestStore } from "../store/test-store.ts";
import { addOddClosure, type OddClosure } from "./odd-closure.ts";

const DEADLINE_MS = 240_000;

export interface StrategyPlaces {
  readonly viewsDir: string;
  readonly physicalStoreDir: string;
}

export interface ViewStrategySuite {
  /** What the strategy needs besides root, real Nix and a private mount namespace. */
  readonly needs: readonly Prerequisite[];
  makeStrategy(places: StrategyPlaces): ViewStrategy;
}

/** Everything that one test looks at. */
export interface Stage extends StrategyPlaces {
  readonly strategy: ViewStrategy;
  readonly closure: OddClosure;
  readonly plan: (layout: ViewLayout, links?: readonly ViewLink[]) => ViewPlan;
  /** Builds and activates the plan in a new directory, and returns that. */
  readonly make: (plan: ViewPlan) => Promise<string>;
}

let directoryCount = 0;

/** In `parent`, with a name that no other call gives. */
export function newDirectory(parent: string): string {
  const path = join(parent, `directory-${directoryCount++}`);
  mkdirSync(path);
  return path;
}

/** One store for the whole suite: making it takes longer than any test. */
export class ViewFixture {
  readonly #suite: ViewStrategySuite;
  #directory: TemporaryDirectory | undefined;
  #stage: Stage | undefined;

  constructor(suite: ViewStrategySuite) {
    this.#suite = suite;
  }

  stage(): Stage {
    if (this.#stage === undefined) throw new Error("the suite is not set up");
    return this.#stage;
  }

  async open(): Promise<void> {
    if (this.#stage !== undefined) return;
    this.#directory = temporaryDirectory("view-strategy");
    const store = await TestStore.create(this.#directory.join("store"));
    const closure = await addOddClosure(store, this.#directory.path);
    const viewsDir = this.#directory.join("views");
    mkdirSync(viewsDir);
    const physicalStoreDir = storeLayout(store.location).storeDir;
    const strategy = this.#suite.makeStrategy({ viewsDir, physicalStoreDir });
    const roots = [closure.program, closure.fileRoot, closure.symlinkRoot].sort();
    const database = openStoreDatabase(store.location);
    const paths = database.closure(roots);
    database.close();
    const plan: Stage["plan"] = (layout, links = []) => ({ layout, roots, links, closure: paths, physicalStoreDir });
    const make: Stage["make"] = async (wanted) => {
      const viewDir = newDirectory(viewsDir);
      await strategy.build(wanted, viewDir, AbortSignal.timeout(DEADLINE_MS));
      await strategy.activate(viewDir, physicalStoreDir, AbortSignal.timeout(DEADLINE_MS));
      return viewDir;
    };
    this.#stage = { viewsDir, physicalStoreDir, strategy, closure, plan, make };
  }

  async close(): Promise<void> {
    await this.#directory?.[Symbol.asyncDispose]();
  }
}
