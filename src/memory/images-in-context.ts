/** How much of a context images take. */

/** Marks around an image, line breaks, and a label: "SLICE 85". */
const tokensAround = 14;

/** The instruction and the question. */
const textTokens = 512;

/** The preset ct allows 2000; a thought with an answer has 2048 by default. */
const defaultAnswerTokens = 2048;

/** In a prompt, each image with its marks and a label. */
function tokensOfImages(count: number, perImage: number): number {
  return count * (perImage + tokensAround);
}

/** In steps of 1024. @param answerTokens Of the longest answer. */
export function contextForImages(count: number, perImage: number, answerTokens = defaultAnswerTokens): number {
  return Math.ceil((tokensOfImages(count, perImage) + textTokens + answerTokens) / 1024) * 1024;
}

/** How many images leave a context room for the question and an answer. @param answerTokens As in `contextForImages`; a quarter of the context at most. */
export function imagesInContext(contextSize: number, perImage: number, answerTokens = defaultAnswerTokens): number {
  const room = contextSize - textTokens - Math.min(answerTokens, Math.floor(contextSize / 4));
  return Math.max(0, Math.floor(room / tokensOfImages(1, perImage)));
}
