import { describe, expect, it } from "vitest";
import { MessageLines } from "../../src/cli/chat/message-lines.js";
import { parseMessage } from "../../src/cli/chat/slash-command.js";

describe("MessageLines", () => {
  it("gives a plain line as it is", () => {
    expect(new MessageLines().add("one", { pasted: false })).toBe("one");
  });

  it("goes on after a backslash at the end, not after an escaped one", () => {
    const lines = new MessageLines();
    expect(lines.add("one\\", { pasted: false })).toBeNull();
    expect(lines.isOpen).toBe(true);
    expect(lines.add("two", { pasted: false })).toBe("one\ntwo");
    expect(lines.add("C:\\\\", { pasted: false })).toBe("C:\\\\");
  });

  it("keeps the lines of a paste together until Enter is pressed", () => {
    const lines = new MessageLines();
    expect(lines.add("a\\", { pasted: true })).toBeNull();
    expect(lines.add("b", { pasted: true })).toBeNull();
    expect(lines.add("c", { pasted: false })).toBe("a\\\nb\nc");
  });

  it("gives what there is when the input ends", () => {
    const lines = new MessageLines();
    lines.add("one\\", { pasted: false });
    expect(lines.finish()).toBe("one");
    expect(lines.finish()).toBeNull();
  });
});

describe("parseMessage", () => {
  it.each([
    ["/help", { kind: "command", name: "help", argument: "" }],
    ["/image a b.png ", { kind: "command", name: "image", argument: "a b.png" }],
    ["/system Answer\nbriefly.", { kind: "command", name: "system", argument: "Answer\nbriefly." }],
    ["/quit", { kind: "command", name: "exit", argument: "" }],
    ["/hepl", { kind: "unknown", typed: "hepl", near: "help" }],
    ["/home/ann/scan.png", { kind: "text" }],
    ["/scan.png", { kind: "text" }],
    ["What is 1/2?", { kind: "text" }]
  ])("%j", (message, parsed) => {
    expect(parseMessage(message)).toEqual(parsed);
  });
});
