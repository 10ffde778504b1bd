import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { complete } from "../../src/cli/chat/completion.js";
import { temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
for (const name of ["scan.png", "slide.svs", "sums.txt"]) writeFileSync(join(folder, name), "");
mkdirSync(join(folder, "series"));
const at = (name: string) => join(folder, name);

describe("Tab in a chat", () => {
  it("completes commands that have begun", () => {
    expect(complete("/s")).toEqual([["/series ", "/slide ", "/system ", "/save "], "/s"]);
    expect(complete("/pri")).toEqual([["/prior "], "/pri"]);
  });

  it("offers images and folders after /image and /prior, whose date stays", () => {
    const offered = [`${at("scan.png")} `, `${at("series")}/`];
    expect(complete(`/image ${at("s")}`)).toEqual([offered, at("s")]);
    expect(complete(`/prior 2023-05-01=${at("s")}`)).toEqual([offered, at("s")]);
  });

  it("offers every file after /slide and /series", () => {
    const offered = [`${at("scan.png")} `, `${at("series")}/`, `${at("slide.svs")} `, `${at("sums.txt")} `];
    for (const command of ["/slide", "/series"]) expect(complete(`${command} ${at("s")}`)).toEqual([offered, at("s")]);
  });
});
