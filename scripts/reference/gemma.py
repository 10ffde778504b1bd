"""Gemma 3 by Hugging Face transformers, in float32: the reference that everything is compared with."""

import torch
from PIL import Image
from resize import square_of
from transformers import AutoProcessor, Gemma3ForConditionalGeneration


class Reference:
    def __init__(self, checkpoint):
        self.model = Gemma3ForConditionalGeneration.from_pretrained(checkpoint, dtype=torch.float32).eval()
        self.processor = AutoProcessor.from_pretrained(checkpoint)
        self.image_token = self.model.config.image_token_id

    def inputs(self, conversation, folder):
        """What the model is given: Google's chat template, then the processor. Pictures are padded to black squares first."""
        messages, pictures = [], []
        if conversation["system"]:
            messages.append({"role": "system", "content": [{"type": "text", "text": conversation["system"]}]})
        for turn in conversation["turns"]:
            content = []
            for part in turn["user"]:
                if isinstance(part, str):
                    content.append({"type": "text", "text": part})
                else:
                    content.append({"type": "image"})
                    pictures.append(square_of(Image.open(folder / part["image"]).convert("RGB")))
            messages.append({"role": "user", "content": content})
            if turn["model"] is not None:
                messages.append({"role": "assistant", "content": [{"type": "text", "text": turn["model"]}]})
        text = self.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        # The template already begins with <bos>.
        return self.processor(text=text, images=pictures or None, return_tensors="pt", add_special_tokens=False)

    def ids(self, conversation, folder):
        """Token ids, with -1 in place of every image token."""
        ids = self.inputs(conversation, folder)["input_ids"][0].tolist()
        return [-1 if token == self.image_token else token for token in ids]

    @torch.no_grad()
    def logits(self, inputs):
        """(positions, vocabulary)"""
        return self.model(**inputs).logits[0]

    @torch.no_grad()
    def greedy(self, inputs, count):
        """`count` tokens, end marks or not, and for each how far the best logit is above the second."""
        made = self.model.generate(
            **inputs, max_new_tokens=count, do_sample=False, eos_token_id=None, output_logits=True, return_dict_in_generate=True
        )
        tokens = made.sequences[0, inputs["input_ids"].shape[1] :].tolist()
        best = [torch.topk(step[0], 2).values for step in made.logits]
        return tokens, [float(pair[0] - pair[1]) for pair in best]

    @torch.no_grad()
    def image_tokens(self, squares):
        """(images, tokens, hidden)"""
        pixels = self.processor.image_processor(squares, return_tensors="pt")["pixel_values"]
        tower = self.model.model.vision_tower(pixel_values=pixels).last_hidden_state
        return self.model.model.multi_modal_projector(tower)
