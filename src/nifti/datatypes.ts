/** The types of voxels that can be shown as gray (nifti1.h, DT_*). */

export interface Datatype {
  /** Of a voxel. */
  readonly bytes: number;
  readonly read: (view: DataView, offset: number, isLittleEndian: boolean) => number;
}

export const datatypes: ReadonlyMap<number, Datatype> = new Map<number, Datatype>([
  [2, { bytes: 1, read: (view, offset) => view.getUint8(offset) }],
  [256, { bytes: 1, read: (view, offset) => view.getInt8(offset) }],
  [4, { bytes: 2, read: (view, offset, isLittleEndian) => view.getInt16(offset, isLittleEndian) }],
  [512, { bytes: 2, read: (view, offset, isLittleEndian) => view.getUint16(offset, isLittleEndian) }],
  [8, { bytes: 4, read: (view, offset, isLittleEndian) => view.getInt32(offset, isLittleEndian) }],
  [768, { bytes: 4, read: (view, offset, isLittleEndian) => view.getUint32(offset, isLittleEndian) }],
  [1024, { bytes: 8, read: (view, offset, isLittleEndian) => Number(view.getBigInt64(offset, isLittleEndian)) }],
  [1280, { bytes: 8, read: (view, offset, isLittleEndian) => Number(view.getBigUint64(offset, isLittleEndian)) }],
  [16, { bytes: 4, read: (view, offset, isLittleEndian) => view.getFloat32(offset, isLittleEndian) }],
  [64, { bytes: 8, read: (view, offset, isLittleEndian) => view.getFloat64(offset, isLittleEndian) }]
]);
