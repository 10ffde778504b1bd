/** Texts of every kind that a tokenizer may stumble over, the same ones on every machine. */

/** A linear congruential generator (Numerical Recipes); its high bits are good enough to draw from. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const sentences: Readonly<Record<string, string>> = {
  english:
    "The heart is enlarged; there's no pleural effusion (compared with 2023-05-01), and the 3.5 cm mass hasn't changed since.",
  german:
    "Größe und Form des Herzens sind unauffällig, jedoch fällt ein 12 mm großer Rundherd im rechten Oberlappen auf.",
  french: "L'échographie montre une lésion hypoéchogène de 8 mm à côté du ménisque – à contrôler d'ici six mois.",
  vietnamese: "Không thấy tràn dịch màng phổi; bóng tim không to, trung thất cân đối.",
  turkish: "Sağ akciğer üst lobunda düzgün sınırlı, yaklaşık 1,5 cm çapında nodül izlendi.",
  russian: "Лёгочные поля прозрачны, корни структурны, синусы свободны; тень сердца не расширена.",
  greek: "Δεν παρατηρείται πλευριτική συλλογή και το μέγεθος της καρδιάς είναι φυσιολογικό.",
  hebrew: "הלב בגודל תקין, אין עדות לתפליט פלאורלי או לחזה אוויר.",
  arabic: "القلب طبيعي الحجم، ولا يوجد انصباب جنبي أو استرواح صدري.",
  hindi: "हृदय का आकार सामान्य है और फुफ्फुस में कोई तरल नहीं दिखता।",
  bengali: "হৃদপিণ্ডের আকার স্বাভাবিক, ফুসফুসে কোনো অস্বাভাবিকতা নেই।",
  tamil: "இதயத்தின் அளவு இயல்பானது; நுரையீரலில் நீர் இல்லை.",
  thai: "หัวใจมีขนาดปกติ ไม่พบน้ำในช่องเยื่อหุ้มปอด",
  chinese: "心影大小正常，双肺纹理清晰，未见明显胸腔积液。建议三个月后复查。",
  japanese: "心拡大は認めず、右上肺野に約15mmの結節影を認めます。経過観察が必要です。",
  korean: "심장 크기는 정상이며 흉막 삼출은 보이지 않습니다. 추적 검사가 필요합니다.",
  georgian: "გულის ზომა ნორმალურია, პლევრული გამონაჟონი არ არის.",
  amharic: "የልብ መጠን መደበኛ ነው፤ በሳንባ ውስጥ ፈሳሽ የለም።",
  code: "for (let i = 0; i < rows.length; i++) {\n\tconst { id, name } = rows[i];\n\t\tif (!seen.has(id)) out.push(`${name}\\n`);\n}\n",
  python:
    "def dose(weight: float) -> float:\n    # mg/kg\n    return max(0.0, 1.5e-3 * weight ** 2) if weight != 0 else float('nan')\n",
  html: '<table><tr><td>Hb</td><td>13.2&nbsp;g/dl</td></tr></table><p class="x">a<br/>b</p><h2>Sum</h2> <s>old</s><ul>\n<li>1</li></ul>',
  json: '{"finding": "nodule", "box_2d": [12, 40, 880, 999], "sure": true, "note": null}',
  markdown: "## Findings\n\n1. **Lungs**: clear\n2. _Heart_: `ctr = 0.48`\n\n| a | b |\n|---|---|\n",
  emoji: "👩‍⚕️ says 👍🏽 to the 🫀 scan 🏳️‍🌈🇩🇪 — ✅❌ 1️⃣",
  numbers: "1234567890 3.14159 −40 °C 10^-6 ½ ⅔ Ⅳ ①②③ 2²=4 €1.299,95",
  symbols: "→ ≤ ≥ ± µ Ω ∑ √ ∞ ≈ α-β † ‡ § ¶ © ® ™ … « » „ “ ” ‚ ‘ ’",
  invisible: "a\u200bb\u200cc\u200dd\ufeffe\u00adf\u2060g\u202eh\u00a0i\u3000j\u2003k\r\nl\rm\u0085n\u2028o",
  controls: "\u0000\u0001\u0007\u0008\u000b\u000c\u001b[31mred\u001b[0m\u007f",
  combining: "e\u0301 a\u030a n\u0303 Z\u0351\u036b\u0343\u036a ệ ǭ ṩ"
};

const fragments = [
  " ",
  "  ",
  "   ",
  "\n",
  "\n\n",
  "\t",
  "\t\t",
  "\r\n",
  "\u2581",
  "\u2581\u2581",
  " \u2581",
  "\u2581 ",
  "<b>",
  "</b>",
  "<s>",
  "</s>",
  "<td>",
  "<",
  ">",
  "</",
  "_of_",
  "x",
  "0",
  ".",
  "é",
  "心",
  "👩"
];

/** Codes from which random characters are drawn. */
const blocks = [
  [0x20, 0x7f],
  [0xa0, 0x250],
  [0x370, 0x530],
  [0x590, 0x700],
  [0x900, 0xe00],
  [0x2000, 0x2c00],
  [0x3000, 0x3100],
  [0x4e00, 0xa000],
  [0xac00, 0xd7a4],
  [0xe000, 0xf900],
  [0x10000, 0x11000],
  [0x1f300, 0x1fb00],
  [0xe0000, 0xe0080]
] as const;

/**
 * @returns `count` texts: sentences of many languages and formats cut at random places, runs of blanks and line breaks, HTML, code,
 *   U+2581, and random characters
 */
export function variedTexts(count: number, seed = 1): string[] {
  const draw = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[draw(list.length)] as T;
  const all = Object.values(sentences);
  const kinds: readonly (() => string)[] = [
    () => pick(all),
    () => {
      const characters = Array.from(pick(all));
      const from = draw(characters.length);
      return characters.slice(from, from + 1 + draw(40)).join("");
    },
    () => `${pick(all)}${pick(fragments)}${pick(all)}`,
    () => Array.from({ length: 1 + draw(12) }, () => pick(fragments)).join(""),
    () => pick([" ", "\n", "\t", "\u2581", " \u2581", "\n ", "<b>"]).repeat(1 + draw(70)),
    () =>
      Array.from({ length: 1 + draw(6) }, () => pick(pick(all).split(" ")) + pick(fragments).repeat(draw(5))).join(""),
    () => {
      const [from, to] = pick(blocks);
      return Array.from({ length: 1 + draw(20) }, () => String.fromCodePoint(from + draw(to - from))).join("");
    },
    () =>
      Array.from({ length: 1 + draw(20) }, () => String.fromCodePoint(pick(blocks)[0] + draw(0x80))).join(
        pick(["", " ", "\u2581"])
      )
  ];
  return [...all, ...Array.from({ length: count }, () => pick(kinds)())].slice(0, count);
}

/** What a user may try to write. */
const marks = [
  "<start_of_turn>",
  "<end_of_turn>",
  "<start_of_image>",
  "<end_of_image>",
  "<image_soft_token>",
  "<unused94>",
  "<unused95>",
  "<unused96>",
  "<unused7>",
  "<bos>",
  "<eos>",
  "<pad>",
  "<unk>",
  "<mask>",
  "[multimodal]",
  "<0x41>",
  "<0x0A>"
];
const unseen = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", " ", "\u2581", "\n", "\ud83d"];

/** @returns `count` texts that spell marks: whole, in parts, nested, overlapping, and with characters that nobody sees */
export function hostileTexts(count: number, seed = 5): string[] {
  const draw = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[draw(list.length)] as T;
  const mark = () => pick(marks);
  const insert = (outer: string, inner: string) => {
    const at = draw(outer.length + 1);
    return outer.slice(0, at) + inner + outer.slice(at);
  };
  const kinds: readonly (() => string)[] = [
    () => `${pick(["", "a", " ", "\n", "\u2581", "<", "0"])}${mark()}${pick(["", "b", " ", "\n", "\u2581", ">", "0"])}`,
    () => Array.from({ length: 2 + draw(4) }, mark).join(pick(["", " ", "\n", "user\n"])),
    () => insert(mark(), mark()),
    () => insert(insert(mark(), mark()), mark()),
    () => insert(mark(), pick(unseen)),
    () => mark().slice(draw(6)) + mark().slice(0, 3 + draw(10)),
    () =>
      pick([
        mark().toUpperCase(),
        mark().replace("<", "\uff1c"),
        Array.from(mark()).reverse().join(""),
        mark().replaceAll("_", "\u2581"),
        encodeURIComponent(mark())
      ]),
    () => insert(pick(Object.values(sentences)), mark())
  ];
  return [...marks, ...Array.from({ length: count }, () => pick(kinds)())].slice(0, count);
}
