import { describe, expect, it } from "vitest";
import { openDicom } from "../../src/dicom/read-dicom.js";
import { dicom } from "./fixtures.js";

describe("openDicom, the layer for series", () => {
  it("tells what a slice is and where it lies, and nothing of the patient", () => {
    const { header, geometry } = openDicom(dicom("ct"), "ct.dcm");
    expect(header).toEqual({
      studyInstanceUid: "1.2.3",
      seriesInstanceUid: "1.2.3.4",
      sopInstanceUid: "1.2.3.4.5",
      sopClassUid: "1.2.840.10008.5.1.4.1.1.7",
      modality: "CT",
      imageType: ["ORIGINAL", "PRIMARY", "AXIAL"],
      seriesNumber: null,
      instanceNumber: 7,
      rows: 40,
      columns: 48,
      frames: 1,
      hasPixels: true,
      unit: "HU",
      isRescaled: true,
      frame: {
        imagePositionPatient: [-100, -120.5, 33],
        imageOrientationPatient: [1, 0, 0, 0, 1, 0],
        pixelSpacing: [0.7, 0.8],
        sliceThickness: 2.5,
        sliceSpacing: null
      }
    });
    expect(geometry(1)).toEqual(header.frame);
  });

  it("tells dates only when asked", () => {
    const file = openDicom(dicom("ct"), "ct.dcm");
    expect(JSON.stringify(file.header)).not.toContain("2020");
    expect(file.dates()).toEqual({ study: "20200102", series: null, acquisition: null, content: null });
  });

  it("needs no pixels for the facts", () => {
    const file = dicom("ct");
    const head = file.subarray(0, file.indexOf("\xe0\x7f\x10\x00OW", 0, "latin1") + 12);
    expect(openDicom(head, "head").header.imageType[2]).toBe("AXIAL");
  });

  it("gives Hounsfield units as integers", async () => {
    const { values, width, height, range, isInverted } = await openDicom(dicom("ct"), "ct.dcm").readFrame(1);
    expect(values).toBeInstanceOf(Int16Array);
    expect([width, height, values.length]).toEqual([48, 40, 48 * 40]);
    expect(range()).toEqual([-1024, 3071]);
    expect(isInverted).toBe(false);
  });

  it.each([
    ["mono2-8-explicit", Uint8Array, [0, 255]],
    ["mono2-16-explicit", Uint16Array, [0, 65535]],
    ["mono2-32", Uint32Array, [0, 2 ** 32 - 1]],
    ["rescale-fraction", Float32Array, [-17.5, Math.fround(4095 * 0.37 - 17.5)]],
    ["modality-lut-16", Uint16Array, [0, 65535]],
    ["padding-range", Int16Array, [-3000, 1000]],
    ["mono1-8-explicit", Uint8Array, [0, 255]]
  ] as const)("gives the values of %s as a %o", async (name, type, range) => {
    const frame = await openDicom(dicom(name), name).readFrame(1);
    expect(frame.values).toBeInstanceOf(type);
    expect(frame.range()).toEqual(range);
    expect(frame.isInverted).toBe(name.startsWith("mono1"));
  });

  it.each(["enhanced-explicit", "enhanced-implicit"])(
    "gives each frame of %s its own place and rescale",
    async (name) => {
      const file = openDicom(dicom(name), name);
      expect(file.header).toMatchObject({ frames: 3, modality: "MR", unit: "unspecified" });
      expect([1, 2, 3].map((frame) => file.geometry(frame).imagePositionPatient)).toEqual([
        [0, 0, 0],
        [0, 0, 3],
        [0, 0, 6]
      ]);
      expect(file.geometry(2)).toMatchObject({
        imageOrientationPatient: [1, 0, 0, 0, 0, -1],
        pixelSpacing: [0.5, 0.6],
        sliceThickness: 3
      });
      expect((await file.readFrame(1)).range()).toEqual([-100, 2 * 4095 - 100]);
      expect((await file.readFrame(3)).range()).toEqual([7, 5 * 4095 + 7]);
    }
  );

  it("refuses colours, and frames that are not there", async () => {
    await expect(openDicom(dicom("rgb-explicit"), "x").readFrame(1)).rejects.toMatchObject({
      code: "IMAGE_UNREADABLE"
    });
    await expect(openDicom(dicom("ct"), "x").readFrame(2)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
