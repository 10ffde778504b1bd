import { describe, expect, it } from "vitest";
import { isAllowed, isProtected } from "../../src/shared/environment.js";
import { isOffline } from "../../src/models/hub/endpoint.js";

const on = ["1", "true", "TRUE", "yes", "Y", "on", " 1 "];
const off = ["", "0", "false", "No", "n", "off", " "];
const other = ["2", "enabled", "ja", "-1"];

describe("a variable that", () => {
  it.each([...on, ...other])("protects is on with %j: a slip must not switch it off", (value) => {
    expect(isProtected(value)).toBe(true);
    expect(isOffline({ MEDGEMMA_OFFLINE: value })).toBe(true);
    expect(isOffline({ HF_HUB_OFFLINE: value })).toBe(true);
  });

  it.each([...off, undefined])("protects is off with %j", (value) => {
    expect(isProtected(value)).toBe(false);
    expect(isOffline({ MEDGEMMA_OFFLINE: value, HF_HUB_OFFLINE: value })).toBe(false);
  });

  it("takes a protection away is on for yes, off for no, and an error for anything else", () => {
    for (const value of on) expect(isAllowed("X", { X: value })).toBe(true);
    for (const value of [...off, undefined]) expect(isAllowed("X", { X: value })).toBe(false);
    for (const value of other)
      expect(() => isAllowed("X", { X: value })).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", message: `X must be 1 or 0, but is ${value}.` }) as Error
      );
  });
});
