/** The CSI driver's name: what pods write in `csi.driver`, and the name the kubelet registers. Must equal the CSIDriver object's. */
export const DRIVER_NAME = "csi.niphas.io";
