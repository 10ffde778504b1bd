/** The terms of the weights: shown once, accepted once, with the date kept. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MedGemmaError } from "../errors.js";
import { writeFileAtomically } from "../shared/write-file.js";
import { readCatalog } from "./catalog.js";
import { makeFolder, modelHome } from "./model-home.js";

export interface TermsAcceptance {
  /** Address of the terms. */
  readonly terms: string;
  /** ISO time. */
  readonly accepted: string;
}

/** When the user accepted the terms that the catalog names now; null: not yet. */
export async function acceptedTerms(): Promise<TermsAcceptance | null> {
  const { license } = await readCatalog();
  try {
    const { terms, accepted } = JSON.parse(await readFile(fileOfTerms(), "utf8")) as Partial<TermsAcceptance>;
    return terms === license.url && typeof accepted === "string" ? { terms, accepted } : null;
  } catch {
    return null;
  }
}

/** @throws MedGemmaError FILE_UNUSABLE */
export async function acceptTerms(): Promise<void> {
  const { license } = await readCatalog();
  await makeFolder(modelHome());
  const acceptance: TermsAcceptance = { terms: license.url, accepted: new Date().toISOString() };
  await writeFileAtomically(fileOfTerms(), `${JSON.stringify(acceptance, null, 2)}\n`, { mode: 0o600 });
}

/** @throws MedGemmaError TERMS_NOT_ACCEPTED */
export async function ensureTermsAccepted(): Promise<void> {
  if ((await acceptedTerms()) !== null) return;
  const { license } = await readCatalog();
  throw new MedGemmaError(
    "TERMS_NOT_ACCEPTED",
    `MedGemma is under the ${license.name}: read them at ${license.url}, then accept them with acceptTerms.`,
    { remedy: { option: "acceptTerms" } }
  );
}

/** What a person reads before saying yes, in our words; one paragraph a line. */
export async function describeTerms(): Promise<string> {
  const { license } = await readCatalog();
  return [
    `MedGemma is Google's, under the ${license.name}:`,
    license.url,
    "In short, and only the text there counts: it is for research and development, not a medical device. To use it in the diagnosis or treatment of patients you need whatever authorisation your country asks for. The uses that it prohibits are prohibited to you, and to everybody to whom you pass the weights on, together with a copy of the terms.",
    `${license.notice}.`
  ].join("\n");
}

function fileOfTerms(): string {
  return join(modelHome(), "terms.json");
}
