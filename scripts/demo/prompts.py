"""Turns a conversation into token ids exactly as Google's processor and chat template do.

Images stand in front of the first question. The whole conversation is tokenised as one text, because newlines that
touch join into one token.
"""

from dataclasses import dataclass

import model as demo

THOUGHT_START, THOUGHT_END = "<unused94>", "<unused95>"


@dataclass(frozen=True)
class Prompt:
    ids: list[int]
    learned: list[bool]  # one per id: is this token part of an answer
    image_starts: list[int]  # where the image tokens of each image begin


class PromptWriter:
    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.image = f"\n\n<start_of_image>{'<image_soft_token>' * demo.TOKENS_PER_IMAGE}<end_of_image>\n\n"
        self.image_token, self.start_of_image, self.start_of_turn, self.end_of_turn = (
            tokenizer.convert_tokens_to_ids(mark)
            for mark in ("<image_soft_token>", "<start_of_image>", "<start_of_turn>", "<end_of_turn>")
        )
        self.model_turn = tokenizer("<start_of_turn>model\n", add_special_tokens=False).input_ids
        self.pieces = {}

    def tokenize(self, text):
        """Ids of a stretch of text between two turn marks; most stretches come again and again."""
        if text not in self.pieces:
            self.pieces[text] = self.tokenizer(text, add_special_tokens=False).input_ids
        return self.pieces[text]

    def picture(self, crops):
        """What stands for a picture: its image tokens, and with crops the words and tokens of Gemma3Processor's pan and scan."""
        if not crops:
            return self.image
        return f"Here is the original image {self.image} and here are some crops to help you see better {' '.join([self.image] * crops)}"

    def write(self, crops, system, turns):
        """A Prompt with every answer in it. `crops`: for each image the number of its crops.

        Turn marks are tokens of their own, so tokenising between them is safe.
        """
        ids, learned = [demo.BOS], [False]
        opening = (f"{system}\n\n" if system else "") + "".join(self.picture(count) for count in crops)
        for turn in turns:
            asked = self.tokenize(f"<start_of_turn>user\n{opening}{turn.user.strip()}<end_of_turn>\n")
            answer = turn.expected
            if turn.thought is not None:
                answer = f"{THOUGHT_START}thought\n{turn.thought}{THOUGHT_END}{answer}"
            answered = [*self.tokenize(answer), self.end_of_turn]
            newline = self.model_turn[-1]
            ids += [*asked, *self.model_turn, *answered, newline]
            learned += [False] * (len(asked) + len(self.model_turn)) + [True] * len(answered) + [False]
            opening = ""
        starts = [n + 1 for n, token in enumerate(ids) if token == self.start_of_image]
        return Prompt(ids, learned, starts)
