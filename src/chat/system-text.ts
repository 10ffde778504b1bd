/** The text in front of a conversation: the system text, and the sentence that asks for a thought. */

/** Google's notebooks ask for thinking with this sentence in front of the system text. */
const thinkingInstruction = "SYSTEM INSTRUCTION: think silently if needed.";

export function systemText(system: string | null, think = false): string | null {
  if (!think) return system;
  return system === null ? thinkingInstruction : `${thinkingInstruction} ${system}`;
}
