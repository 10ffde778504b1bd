/** A conversation as data: a chat tells its turns, and a new chat begins with them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  loadMedGemma,
  prepareImage,
  type Chat,
  type ChatTurn,
  type ImageSource,
  type MedGemma
} from "../../src/index.js";
import { after, before, film } from "../demo-model.js";

let medgemma: MedGemma;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off" });
});
afterAll(async () => await medgemma.dispose());

const newChat = async () => await medgemma.createChat();

function answersOf({ turns }: Chat): string[] {
  return turns.flatMap((turn) => (turn.role === "assistant" ? [turn.text] : []));
}

describe("a conversation as data", () => {
  const questions = ["Describe the image.", "Is there a cross?", "Where is the circle?", "How many shapes are there?"];

  it("begins a new chat that is the same in every token: 50 of 50", async () => {
    let same = 0;
    for (let round = 0; round < 50; round += 1) {
      const [one, two] = round % 2 === 0 ? [film, before] : [after, film];
      const system = round % 3 === 0 ? "Be brief." : null;
      const fit = round % 5 === 0 ? "stretch" : "pad";
      await using chat = await medgemma.createChat({ system });
      await chat.ask(questions[round % 4] ?? "", { images: [one], fit });
      if (round % 2 === 1) await chat.ask(["First:", { image: two }, questions[(round + 1) % 4] ?? ""]);
      await using again = await medgemma.createChat({ system, turns: chat.turns });
      await using written = await medgemma.createChat({
        system,
        turns: [
          { role: "user", content: [{ image: one }, questions[round % 4] ?? ""], fit },
          { role: "assistant", text: answersOf(chat)[0] ?? "" },
          ...(round % 2 === 1
            ? ([
                { role: "user", content: ["First:", { image: two }, questions[(round + 1) % 4] ?? ""] },
                { role: "assistant", text: answersOf(chat)[1] ?? "", thought: "unseen" }
              ] as const)
            : [])
        ]
      });
      const options = { logprobs: 5, maxTokens: 12 };
      const asked = await Promise.all(
        [chat, again, written].map(async (each) => await each.ask("What changed?", options))
      );
      const [expected, ...others] = asked.map(({ tokens, usage, logprobs }) => ({
        tokens,
        promptTokens: usage.promptTokens,
        imageTokens: usage.imageTokens,
        best: logprobs?.map(({ top }) => top.map(({ token }) => token))
      }));
      expect(others).toEqual([expected, expected]);
      // The same logits, but for the size of the batch that computed them.
      for (const [index, { logprob }] of (asked[0]?.logprobs ?? []).entries())
        expect(asked[1]?.logprobs?.[index]?.logprob).toBeCloseTo(logprob, 2);
      same += 1;
    }
    expect(same).toBe(50);
  });

  it("encodes images of earlier turns when they are first sent, and says so", async () => {
    const rgb = new Uint8Array(64 * 64 * 3).fill(31);
    await using chat = await medgemma.createChat({
      turns: [
        { role: "user", content: [{ image: { source: "gray", width: 64, height: 64, rgb } }, "Describe the image."] },
        { role: "assistant", text: "Nothing." }
      ]
    });
    const encoded = new Set<number>();
    const { usage, timings } = await chat.ask("Is there a cross?", {
      onProgress: (progress) => {
        if (progress.stage === "encode") encoded.add(progress.image);
      }
    });
    expect([...encoded]).toEqual([1]);
    expect(usage.imageTokens).toBe(16);
    expect(timings.encodeMs).toBeGreaterThan(0);
  });

  it.each<[string, readonly unknown[], RegExp]>([
    ["begins with an answer", [{ role: "assistant", text: "Yes." }], /turns\[0\] must be of the user/],
    [
      "has two questions in a row",
      [
        { role: "user", content: "a" },
        { role: "user", content: "b" }
      ],
      /turns\[1\] must be of the assistant/
    ],
    ["ends with a question", [{ role: "user", content: "a" }], /nobody answered/],
    [
      "has a turn of nobody",
      [{ content: "a" }, { role: "assistant", text: "b" }],
      /turns\[0\] must be of the user, but is of nobody/
    ],
    ["has a role of another program", [{ role: "system", content: "a" }], /is of the system/],
    [
      "has an image as OpenAI writes it",
      [
        { role: "user", content: [{ type: "image_url", image_url: { url: "data:" } }] },
        { role: "assistant", text: "b" }
      ],
      /OpenAI/
    ],
    [
      "has a slip in an option",
      [
        { role: "user", content: "a", imagse: [] },
        { role: "assistant", text: "b" }
      ],
      /imagse/
    ],
    ["has no answer text", [{ role: "user", content: "a" }, { role: "assistant" }], /missing/],
    ["is no list of turns", "turns" as unknown as unknown[], /list/]
  ])("is refused when it %s", async (_what, turns, why) => {
    await expect(medgemma.createChat({ turns: turns as ChatTurn[] })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: why
    });
  });

  it("is refused with an image that is not there, or with a square that is another's", async () => {
    const turnsWith = (image: ImageSource) =>
      ({
        turns: [
          { role: "user", content: [{ image }, "Describe."] },
          { role: "assistant", text: "x" }
        ]
      }) as const;
    await expect(medgemma.createChat(turnsWith("nowhere.png"))).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    const side = medgemma.imageSize ?? 0;
    const square = await prepareImage(film, { side });
    await expect(medgemma.createChat(turnsWith(await prepareImage(film, { side: side - 1 })))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: /was made for 223/
    });
    await expect(
      medgemma.createChat(turnsWith({ ...square, rgb: new Uint8Array(side * side * 3) }))
    ).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: /other pixels than its sha256/ });
  });

  it("takes a prepared square in a question as well, and leaves it as it is", async () => {
    const square = await prepareImage(film, { side: medgemma.imageSize ?? 0, fit: "stretch" });
    await using chat = await newChat();
    const { images, tokens } = await chat.ask("Describe the image.", { images: [square] });
    await using other = await newChat();
    const expected = await other.ask("Describe the image.", { images: [film], fit: "stretch" });
    expect(images[0]?.sha256).toBe(expected.images[0]?.sha256);
    expect(tokens).toEqual(expected.tokens);
    await expect(chat.ask("Describe the image.", { images: [square], fit: "pad" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT"
    });
  });
});
