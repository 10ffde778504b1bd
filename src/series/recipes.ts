/** How values of CT become colours: a window for each channel, as the model was trained on them. */
import { checkArgument, text } from "../shared/check-arguments.js";

/** From the value that becomes 0 to the one that becomes 255. */
export type ValueRange = readonly [number, number];

export const recipeNames = ["v1", "v1.5"] as const;

/** Windows of CT as MedGemma 1 ("v1") or MedGemma 1.5 ("v1.5") was trained on. */
export type RecipeName = (typeof recipeNames)[number];

/**
 * Windows for red, green and blue, in Hounsfield units. v1.5: Google's notebook high_dimensional_ct (its serving code has
 * lost the sign of −135; that is a fault, Google-Health/medgemma#65). v1: the report of MedGemma 1, which gives widths and
 * levels: 2250/−100, 350/40, 80/40.
 */
export const recipes: Readonly<Record<RecipeName, readonly [ValueRange, ValueRange, ValueRange]>> = {
  "v1.5": [
    [-1024, 1024],
    [-135, 215],
    [0, 80]
  ],
  v1: [
    [-1225, 1025],
    [-135, 215],
    [0, 80]
  ]
};

/**
 * The windows that a model was trained with.
 *
 * @param model An id such as "4b-it", or the name of a GGUF file. Whatever does not say that it is the first MedGemma is taken for 1.5.
 */
export function recipeForModel(model: string): RecipeName {
  checkArgument("The model", model, text);
  if (/(?:^|\D)1[._]5(?:\D|$)/.test(model)) return "v1.5";
  if (/(?:^|[^a-z\d])medgemma(?::|-(?:4b|27b|latest)$)/i.test(model)) return "v1"; // Ollama's name of the first: "medgemma:4b"
  return /(?:^|[^a-z\d])(?:4b|27b)-(?:it|pt|text)/i.test(model) ? "v1" : "v1.5";
}
