/** Told to other members and by `niphas mesh status`, for people. */
export const MESH_VERSION = "0.1.0";
