import { describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { type TestNar, TestTransfers, testNar } from "../twins/test-transfers.ts";

const MIB = 2 ** 20;
const REAL = testNar(MIB);

function quarantined(mesh: TestTransfers): readonly PeerId[] {
  return mesh.traffic.quarantine.entries.map(({ peer }) => peer);
}

/** The NAR as it was told, by somebody whom nobody has to believe the size. */
function told(narSizeBytes = MIB): TestNar {
  return { ...REAL, wanted: { ...REAL.wanted, narSizeBytes, isSizeSigned: false } };
}

describe("a NAR whose size no signature covers", () => {
  it.each([
    ["one", ["a"]],
    ["several", ["a", "b", "c"]],
  ])("brings nobody into quarantine when it was told too short, with %s who gave it honestly", async (_, names) => {
    await using mesh = await TestTransfers.create();
    for (const name of names) mesh.hold(name, [REAL], "honest");
    await expect(mesh.during(mesh.get(told(MIB - 96)))).rejects.toMatchObject({ code: "BadBytes" });
    expect(quarantined(mesh)).toEqual([]);
    expect(mesh.doubts).toContainEqual(told(MIB - 96).wanted);
    expect((await mesh.during(mesh.get(told()))).equals(REAL.bytes)).toBe(true);
  });

  it("is told of as doubtful when it was told too long and nobody has so much", async () => {
    await using mesh = await TestTransfers.create();
    mesh.hold("a", [REAL], "empty");
    await expect(mesh.during(mesh.get(told(2 * MIB)))).rejects.toThrow();
    expect(mesh.doubts).toContainEqual(told(2 * MIB).wanted);
    expect(quarantined(mesh)).toEqual([]);
  });

  it("brings those into quarantine who gave it wrong as soon as somebody has given it right", async () => {
    await using mesh = await TestTransfers.create();
    mesh.publish(REAL);
    const liar = mesh.hold("liar", [REAL], "lying");
    expect((await mesh.during(mesh.get(told()))).equals(REAL.bytes)).toBe(true);
    expect(quarantined(mesh)).toEqual([liar]);
    expect(mesh.doubts).toEqual([]);
  });

  it("brings a liar into quarantine by the honest peers' bytes, when no binary cache has it", async () => {
    await using mesh = await TestTransfers.create({ random: () => 0 });
    const liar = mesh.hold("liar", [REAL], "lying");
    mesh.hold("honest", [REAL], "honest");
    expect((await mesh.during(mesh.get(told()))).equals(REAL.bytes)).toBe(true);
    expect(quarantined(mesh)).toEqual([liar]);
  });

  it("is not taken for the same one when it is here and was told with another size", async () => {
    await using mesh = await TestTransfers.create();
    mesh.hold("a", [REAL], "honest");
    await mesh.during(mesh.get(told()));
    for (const wrong of [told(MIB - 96), told(2 * MIB)]) {
      await expect(mesh.during(mesh.get(wrong))).rejects.toMatchObject({ code: "BadBytes" });
      expect(mesh.doubts).toContainEqual(wrong.wanted);
    }
  });
});
