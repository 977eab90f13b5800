import type { NarPlan } from "@niphas/core";

interface Slot {
  readonly plan: Promise<NarPlan>;
  /** 0 while the tree is walked. */
  sizeBytes: number;
}

/** Keeps the plans that were used last, up to so many bytes; one that is being made is shared by all who ask. */
export class PlanCache {
  readonly #maxBytes: number;
  /** By database id, least recently used first. */
  readonly #slots = new Map<number, Slot>();
  #sizeBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The plan of the tree with this database id. What `make` fails with is not kept. */
  async get(id: number, make: () => Promise<NarPlan>): Promise<NarPlan> {
    const known = this.#slots.get(id);
    if (known === undefined) return await this.#add(id, make);
    this.#slots.delete(id);
    this.#slots.set(id, known);
    return await known.plan;
  }

  /** The tree is not what its plan says. */
  forget(id: number): void {
    this.#sizeBytes -= this.#slots.get(id)?.sizeBytes ?? 0;
    this.#slots.delete(id);
  }

  async #add(id: number, make: () => Promise<NarPlan>): Promise<NarPlan> {
    const slot: Slot = { plan: make(), sizeBytes: 0 };
    this.#slots.set(id, slot);
    try {
      const plan = await slot.plan;
      if (this.#slots.get(id) === slot) this.#count(slot, plan.buffer.byteLength);
      return plan;
    } catch (error) {
      if (this.#slots.get(id) === slot) this.#slots.delete(id);
      throw error;
    }
  }

  #count(slot: Slot, sizeBytes: number): void {
    slot.sizeBytes = sizeBytes;
    this.#sizeBytes += sizeBytes;
    for (const [id, each] of this.#slots) {
      if (this.#sizeBytes <= this.#maxBytes) return;
      if (each.sizeBytes > 0) this.forget(id);
    }
  }
}
