/** What a machine is built from; the same for all of its kind. */
export interface MachineHardware {
  /** The lower layer of its root file system; never written to. */
  readonly rootDirectory: string;
  /** The file that holds all Kubernetes programs. */
  readonly kubernetesBinary: string;
  /** What lies on the system disk itself and not on the overlay, which is no upper layer for another. */
  readonly dataDirectories: readonly string[];
  /** Has a disk of its own, so that filling it fills nothing else. */
  readonly diskDirectory: string | undefined;
  readonly diskBytes: number;
}

const SYSTEM_DISK = "system.img";
const DATA_DISK = "data.img";
/** Files in the machine's directory; init.sh knows them too. */
export const ALL_DISKS: readonly string[] = [SYSTEM_DISK, DATA_DISK];

export function diskNames(hardware: MachineHardware): readonly string[] {
  return hardware.diskDirectory === undefined ? [SYSTEM_DISK] : ALL_DISKS;
}

/** Nothing of the caller's environment gets in. */
export const MACHINE_ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C.UTF-8",
  HOME: "/root",
};

/** What init.sh is told. */
export function initEnvironment(
  machine: { readonly name: string; readonly directory: string },
  hardware: MachineHardware,
): NodeJS.ProcessEnv {
  return {
    ...MACHINE_ENVIRONMENT,
    MACHINE_DIR: machine.directory,
    MACHINE_NAME: machine.name,
    MACHINE_ROOT: hardware.rootDirectory,
    MACHINE_BIN: hardware.kubernetesBinary,
    MACHINE_DATA: hardware.dataDirectories.join(" "),
    MACHINE_DISK: hardware.diskDirectory ?? "",
  };
}
